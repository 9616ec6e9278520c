/** Calls a job now and then again and again; returns what ends it. */
export function every(ms: number, job: () => void): () => void {
  job();
  const timer = setInterval(job, ms);
  return () => {
    clearInterval(timer);
  };
}
