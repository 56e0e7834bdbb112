/** A text in which no URL shows its password any more. */
export function maskPasswords(text: string): string {
  return text.replace(/(\w+:\/\/[^\s:/@]*):[^\s/]*@/g, "$1:***@");
}
