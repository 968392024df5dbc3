/** Jobs that the kept counters do not know yet: the newest ones, a few hundred at most. */
export const NOT_COUNTED_IN = "FROM job WHERE seq > (SELECT up_to FROM counted_in)";
