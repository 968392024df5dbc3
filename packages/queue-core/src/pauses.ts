/** What is not claimed until it is resumed. */
export interface Pauses {
  /** Since when the whole queue is paused; null if it is not. */
  readonly queueSince: Date | null;
  /** Types that are paused by themselves, by name. */
  readonly types: readonly { readonly type: string; readonly since: Date }[];
}
