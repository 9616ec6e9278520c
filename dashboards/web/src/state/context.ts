/** The park's session, for all that stands beneath its screen. */
import { createContext } from "svelte";
import type { Session } from "./session.svelte";

export const [getSession, setSession] = createContext<Session>();
