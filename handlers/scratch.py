"""What of the company's tables a scratch company has: the catalogue and prices, and the machines that a scenario names."""

from engine.sandbox.scratch import Company
from handlers import migrations
from handlers.tables import machine, part, price, price_list, product, symptom, warranty_record

COMPANY = Company(
    versions=(migrations.VERSIONS,), catalogue=(product, symptom, part, price_list, price),
    named={machine: "serial", warranty_record: "serial"})
