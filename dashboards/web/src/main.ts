import { mount } from "svelte";
import * as desk from "./api/desk";
import { ahead } from "./api/client";
import * as endpoints from "./api/endpoints";
import App from "./App.svelte";
import { screenOf } from "./shell/screens";
import { account } from "./state/account.svelte";
import { router } from "./state/route.svelte";
import "./tokens.css";
import "./app.css";

/** The page is shown after so long, whatever the service does. */
const PATIENCE_MS = 500;

/** What the screen that the address names will ask for. */
function first(): void {
  const { park, page, id } = router.route;
  if (park === null) return;
  void endpoints.park(park);
  if (page === "alerts" && id !== null) {
    void desk.alert(id);
    void endpoints.seriesOfAlert(park, id);
  } else void endpoints.seriesPage(park, null);
}

async function prepare(): Promise<void> {
  if (router.park !== null) void screenOf(router.route).load();
  await account.load();
  if (account.mode !== "login" && account.mode !== "set_up") ahead(first);
}

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no #app");
const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
await Promise.race([prepare().catch(() => undefined), patience]);
mount(App, { target });
