/** Words that only scripts say, in the language of the page. */
export const isChinese = document.documentElement.lang.startsWith('zh');

/** The Chinese or the English, as the page is read. */
export function said(zh: string, en: string): string {
  return isChinese ? zh : en;
}
