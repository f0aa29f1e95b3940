// The backend of a recipe: the one its address names, or a new one, which then stands in the
// address, so that a second window can join.

// What a refused write looks like can be tried out: this rule refuses long texts.
const RULES = {
  todos: { allow: { create: 'size(data.text) <= 60', update: 'size(newData.text) <= 60' } },
};

/** @param {string} title */
export async function createApp(title) {
  const answer = await fetch('/dash/apps/ephemeral', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title, rules: { code: RULES } }),
  });
  const made = await answer.json();
  if (!answer.ok) throw new Error(made.message);
  return made;
}

/** The app's id, and who this window is: two panes are two people with storage of their own. */
export async function backend() {
  const address = new URL(location.href);
  if (!address.searchParams.has('app')) {
    address.searchParams.set('app', (await createApp(document.title)).app.id);
    history.replaceState(null, '', address);
  }
  const appId = address.searchParams.get('app');
  const pane = address.searchParams.get('pane') ?? 'only';
  return { appId, pane, storageName: `recipe ${appId} ${pane}` };
}
