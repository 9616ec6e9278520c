/** Tells when an element comes on screen or leaves it. */
import type { Attachment } from "svelte/attachments";

export function onVisible(tell: (visible: boolean) => void): Attachment {
  return (element) => {
    const observer = new IntersectionObserver((entries) => {
      tell(entries.at(-1)?.isIntersecting ?? false);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  };
}
