/** Something that is sent: under way, refused (as a whole and value by value), or done. */
import { ApiError } from "../api/client";
import { i18n } from "../i18n/i18n.svelte";
import { toasts } from "./toasts.svelte";

export class Submission {
  busy = $state(false);
  error = $state.raw<unknown>(null);

  /** What the service said against the value at this JSON pointer, or within it. */
  at(pointer: string): string | undefined {
    if (!(this.error instanceof ApiError)) return undefined;
    const found = this.error.errors.find(
      (each) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`),
    );
    return found?.detail;
  }

  /** The refusal in a sentence; null when there is none. */
  get text(): string | null {
    return this.error === null ? null : sentence(this.error);
  }

  /** Sends; true when it was accepted, which is then said. */
  async run(job: () => Promise<unknown>, said: string | null = null): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    try {
      await job();
      this.error = null;
      if (said !== null) toasts.say("info", said);
      return true;
    } catch (error) {
      this.error = error;
      return false;
    } finally {
      this.busy = false;
    }
  }

  forget(): void {
    this.error = null;
  }
}

/** What went wrong, in the reader's language. */
export function sentence(error: unknown): string {
  if (!(error instanceof ApiError)) return i18n.t.form.failed;
  if (error.status === 0) return i18n.t.state.unreachable;
  if (error.status === 409) return i18n.t.form.conflict;
  return error.message === "" ? i18n.t.form.failed : error.message;
}
