/**
 * @param {TemplateStringsArray} texts
 * @param {any[]} values lists are joined; the rest is escaped
 */
export function html(texts: TemplateStringsArray, ...values: any[]): Markup;
/**
 * @param {Element} element
 * @param {(listener: (state: any) => void) => () => void} subscribe
 * @param {(state: any) => Markup | string} render a text that is no `html` is shown as text
 * @returns {() => void} stop
 */
export function live(element: Element, subscribe: (listener: (state: any) => void) => () => void, render: (state: any) => Markup | string): () => void;
/** A text that is markup already. */
declare class Markup extends String {
}
export {};
