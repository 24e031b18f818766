"""What people of the demonstration write: faults with what was found and done about them, and sentences by form field."""

from dataclasses import dataclass

PRINTERS = ("printer_hccpr2",)
SCREENS = ("terminal_text", "terminal_butterfly")
READERS = ("magnetic_stripe_reader", "pin_pad")
FISCAL = ("fiscal_cash_register", "fiscal_device")
ALL = (*PRINTERS, *SCREENS, *READERS, *FISCAL)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of some products: the symptom's id, what the customer says, what is found, what is done, parts replaced."""

    products: tuple[str, ...]
    symptom: str
    reported: str
    found: str
    done: str
    parts: tuple[str, ...] = ()


FAULTS = (
    Fault(ALL, "no_power", "早上开机没有反应，电源灯不亮", "电源输出电压为零，电源板电容鼓包",
        "更换电源，测各路输出正常，通电老化半小时", ("power_supply",)),
    Fault(ALL, "no_power", "雷雨过后不能开机", "保险管烧断，其余正常", "更换保险管，检查地线并建议用户加装防雷插座", ("fuse",)),
    Fault(SCREENS, "no_display", "指示灯亮，屏幕没有显示", "显像管灯丝断", "更换显像管，调整亮度和几何失真", ("tube",)),
    Fault(SCREENS, "no_display", "屏幕时亮时暗，拍一下又好", "显示驱动部分虚焊", "补焊显示驱动部分，清洁机内积尘", ()),
    Fault(SCREENS, "garbled", "汉字显示成乱码", "主板字库芯片接触不良", "更换主板，按用户要求重设参数", ("board_main",)),
    Fault(SCREENS, "garbled", "登录界面花屏，退不出去", "终端仿真设置被改动", "恢复终端仿真设置，向操作员说明设置方法", ()),
    Fault(SCREENS, "no_communication", "与主机连不上，办不了业务", "通信板损坏", "更换通信板，联机测试收发正常", ("board_comm",)),
    Fault(SCREENS, "no_communication", "通信时断时续，下午尤其明显", "通信线接头氧化", "重做接头，更换连接线", ("cable",)),
    Fault(SCREENS, "keyboard", "数字键连击", "键盘导电橡胶老化", "更换键盘", ("keyboard",)),
    Fault(PRINTERS, "no_print", "打印头动但不出字", "打印头断针三根", "更换打印头，校准间隙", ("print_head",)),
    Fault(PRINTERS, "no_print", "字迹很淡，存折看不清", "色带用尽，打印头间隙偏大", "更换色带，重调打印头间隙", ("ribbon",)),
    Fault(PRINTERS, "paper_jam", "存折进去就卡住", "走纸通道有纸屑，传感器积尘", "清理走纸通道，清洁传感器", ()),
    Fault(PRINTERS, "paper_jam", "走纸歪斜，经常卡纸", "走纸部分一侧压轮磨损，主板电机驱动异常", "更换主板，调整走纸压轮",
        ("board_main",)),
    Fault(READERS, "card_not_read", "刷卡读不出，换卡也一样", "磁头磨损", "更换磁头，用标准磁卡测试一百次无误",
        ("magnetic_head",)),
    Fault(READERS, "keyboard", "确认键按下没有反应", "按键触点氧化", "更换键盘组件，测试全部按键", ("keyboard",)),
    Fault(READERS, "no_communication", "前台提示设备未连接", "连接线内部断线", "更换连接线", ("cable",)),
    Fault(FISCAL, "no_print", "发票打印缺行", "打印头脏污", "清洁打印头，更换色带", ("ribbon",)),
    Fault(FISCAL, "other", "时钟走慢，开票日期不对", "时钟电池电量不足", "更换电池，按规程重新校时并打印自检单", ()),
    Fault(FISCAL, "no_communication", "报税盘读不到数据", "主板接口电路损坏", "更换主板，重新初始化并核对税控数据",
        ("board_main",)),
    Fault(FISCAL, "no_display", "顾客显示屏缺笔画", "显示排线松动", "重新插接排线并固定", ()),
)

SENTENCES: dict[str, tuple[str, ...]] = {  # form field → what is usually typed there; {reported} and the like are the case's own
    # 5.1.15 in warranty, the service on site
    "confirmed_fault": ("电话核实：{reported}", "与{contact}核实，现象为{reported}，已请其先断电", "已核实，故障持续存在"),
    "assignment_note": ("", "", "带上备件", "顾客催得急，请今天联系", "同一网点上月修过一次，注意复查"),
    "exception_request": ("当地道路中断，两天后通车", "顾客要求周末停业时再上门"),
    "exception_reason": ("情况属实，已与顾客说明", "顾客书面同意顺延", "理由不充分，请另派工程师按时上门"),
    "parts_prepared": ("", "备板一块、常用工具", "电源、连接线各一", "按故障现象备件"),
    "met_contact": ("{contact}值班人员", "{contact}负责人"),
    "work_place": ("营业柜台", "机房", "收银台", "办公室现场"),
    "customer_fault_reason": ("机内有茶水渍，用户承认不慎打翻", "用户自行拆机，封条破损"),
    "override_reason": ("产品合格证日期与登记不符，以合格证为准", "用户提供了购机发票"),
    "work_progress": ("{found}", "检查结果：{found}", "逐级排查，{found}"),
    "workshop_consent": ("{contact}负责人",),
    "charge_reason": ("拆机发现液体渗入，属顾客责任", "封条已破，内部被改动"),
    "support_question": ("已换备板仍有干扰，请技术支持", "现场缺{part}，请发备件", "故障不能稳定复现，请给出排查办法"),
    "support_advice": ("先量地线电阻，再换通信板", "按维修手册第三章调整，仍不行换主板", "备件今天发出，请跟踪到货",
        "已与技术部确认，可按此方案处理"),
    "workshop_result": ("车间更换器件，老化八小时正常", "主板修复，测试通过"),
    "found_fault": ("{found}",),
    "work_done": ("{done}",),
    "opinion": ("希望配件能当天到", "工程师态度好，但等了三天", "建议给操作员讲讲日常保养", "同一毛病半年修了两次",
        "希望配防尘罩"),
    "dissatisfaction_handling": ("当场道歉，留下直拨电话，答应一周后回访", "说明了备件周期，顾客表示理解"),
    "refusal_reason": ("试机时又出现一次同样现象", "打印仍有轻微歪斜"),
    "request_note": ("", "本次维修用", "备用一件"),
    "issue_way": ("快运", "随车带走", "邮政快件"),
    "parts_note": ("",), "issue_note": ("",), "receive_note": ("",), "return_note": ("",),
    "delay_reason": ("工程师在外地，当天赶不回", "等备件", "顾客临时改时间", "同一天报修多，人手不够"),
    "delay_measure": ("改派另一位工程师，今天到场", "已电话说明，顾客同意明早", "督促备件当天发出"),
    "intervention": ("已与顾客负责人通话，致歉并落实时间", "从邻近办事处调人支援"),
    # 5.1.16 out of warranty
    "decline_reason": ("费用高于预期，打算换新机", "上级单位统一更新设备，暂不修", "要再比较一家"),
    "confirmation_note": ("修好后十日内转账", "当场付现", "开票后付款"),
    "invoice_title": ("{customer}",),
    # 5.1.18 complaint
    "complaint_text": ("约好上午上门，下午才到，影响营业", "同一台机器三个月修了三次", "电话打了几次没有人接",
        "维修后又坏，工程师说要再收费",
                       "答应的配件两周还没有到", "机器噪声大，影响柜台工作"),
    "judge_reason": ("顾客来电明确表示不满", "属一般咨询，转相应人员", "顾客书面提出"),
    "hand_over_note": ("请与顾客联系并答复", "属使用咨询，请解释清楚"),
    "matter_result": ("已电话答复，顾客满意", "上门演示了操作，问题解决"),
    "severity_reason": ("没有造成停业", "影响范围小", "造成网点停业半天"),
    "cause": ("派工安排不当，路上耽误", "该批次电源散热不足", "登记电话变更后没有更新", "备件缺货没有及时告知"),
    "quality_reason": ("三个网点出现同样现象", "拆机检查属元器件早期失效"),
    "details": ("当日两单冲突，先去了较远的一家，没有及时告知", "接电话的同事记错了日期", "工程师没有带够备件，往返两次"),
    "remedy": ("今天内上门修复，免收本次费用", "先送备机使用，两天内修好", "负责人上门道歉并修复"),
    "remedy_agreed_by": ("{contact}负责人",),
    "remedy_result": ("已修复并道歉，顾客签字认可", "备机已送达，原机修复后换回"),
    "support_request": ("本部门已检查两次，请技术部派人分析", "请协调备件", "请确认是否为批次问题"),
    "solution": ("更换同型号新电源，延长保修半年", "派技术人员驻点观察一周", "免费更换主板并做预防检查"),
    "told_note": ("顾客同意", "顾客希望尽快", ""),
    "objection": ("希望直接换新机", "时间太长"),
    "solution_result": ("按方案实施完毕，运行正常", "更换完成，观察一周没有再现"),
    "informed_note": ("已向顾客通报处理结果并致歉", "书面通报，顾客表示满意"),
    "penalty": ("按规定扣发当月考核分", "口头批评并书面检讨"),
    "improvement_measure": ("派工前核对行程，出发前电话确认", "建立常用备件最低库存", "修订登记表，变更当天更新"),
    "improvement_result": ("已开始执行，本月未再发生", "最低库存已建立"),
    "supervision_finding": ("抽查十单，全部做到", "有一单没有电话确认，继续改进"),
    "handling_record": ("受理、查明原因、补救和改进均已完成，顾客满意。", "按规程处理完毕，资料归档。"),
    "late_solution_reason": ("等技术部分析结果", "顾客联系人出差"), "late_solution_action": ("限今天下班前答复顾客",
        "经理直接与顾客联系"),
    "late_remedy_reason": ("备件在途", "人手不足"), "late_remedy_action": ("从总部调人，今天到场", "先送备机"),
    "unsolved_reason": ("三次维修无效，怀疑设计问题，请中心研究", "顾客要求退机，超出本部门权限"),
    "centre_measure": ("技术部派人到现场，三天内给出结论", "同意更换，由综合管理部办理"),
    # 5.5 return
    "return_reason": ("型号订错，未开箱，要求换成打印机", "开箱通电即无显示", "到货后发现与现有系统不匹配",
        "外壳破损，怀疑运输所致"),
    "wanted_model": ("", "HCCPR2", "蝴蝶网络终端"),
    "finding": ("双方共同开箱，通电无显示，属实", "现场复测，故障可稳定复现"),
    "verified_by_customer": ("{contact}负责人",), "verified_by_office": ("办事处销售人员",),
    "confirmation_reason": ("情况属实", "照片与描述一致"), "confirmed_signature": ("综合管理部分管负责人",),
    "ruling_reason": ("符合更换条件", "质量问题明显，同意", "已使用半年，不符合退换条件"),
    "stock_note": ("包装完好，附件齐全", "外箱有压痕，机器完好"),
    "customer_reply": ("同意", "希望下次发货前核对型号", "接受"),
    # 5.1.17 feedback and opinions
    "chase_note": ("电话催两次，答应今天交", "维修单在路上，先传了扫描件"),
    "statistics_analysis": ("本期电源故障占比上升，多与雷雨天气有关，建议提示用户加装防雷插座。",
        "打印机走纸类故障最多，建议下季度巡检时统一清洁。",
                            "重复维修集中在两个网点，已请服务部复查供电环境。", "税控类产品时钟电池更换增加，建议备货。"),
    "approval_remark": ("同意", "请补充重复维修的原因", ""),
    "opinion_summary": ("顾客在维修单上提出：{opinion}", "顾客来电建议：{opinion}"),
    "opinion_facts": ("与顾客通话了解，情况属实", "查维修单，确有两次上门"),
    "level_reason": ("属服务安排，不涉及质量", "同型号有类似反映"),
    "opinion_measure": ("已请服务部安排回访", "列入下月改进项目", "转技术部考虑"),
    "opinion_record": ("意见已处理并答复顾客", "已记录，纳入季度分析"),
    # 5.1.17 survey
    "hand_out_note": ("邮寄，附回寄信封", "巡回服务时当面发放"),
    "remark": ("", "", "", "希望增加培训", "配件价格偏高", "工程师很负责"),
    "extension_reason": ("部分网点回信在途，延期一周",),
    "report_analysis": ("总体满意度较上次略升，上门售后服务得分最高，网站信息服务得分偏低，需要改进。",),
    "report_grievances": ("调查期内受理的投诉均已在规定时间内答复，详见附表。",),
    "release_remark": ("同意签发", ""),
    "survey_name": ("用户满意度调查",),
}
SAID = (  # comments between colleagues
    "顾客下午要盘点，请四点以后去。", "已电话联系，明早到。", "备件已经到长沙站，下午取。",
        "这台上个月也报过一次，注意复查电源。",
    "顾客联系人换了，新号码见登记。", "照片收到，像是电源问题。", "请把旧件一并带回。", "报价已发给对方财务，等回复。",
    "路上堵车，约半小时后到。", "和上一单同一个网点，可以一起去。", "顾客很着急，优先安排。", "已按规程留下记录。",
)
