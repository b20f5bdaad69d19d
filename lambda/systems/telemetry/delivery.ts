/** What became of the records of one signal in the delivery that began last. */
export interface Counts {
  /** The backend has them. */
  readonly accepted: number;
  /** No later flush sends them. */
  readonly lost: number;
  /** The next flush sends them again; `all` where nothing can be sent at all. */
  readonly pending: number | 'all';
}

/** Something that went wrong in a delivery. */
export interface Trouble {
  /** Printable, of bounded length. */
  readonly reason: string;
  /** The backend's HTTP status, where it answered with one. */
  readonly status?: number | undefined;
}
