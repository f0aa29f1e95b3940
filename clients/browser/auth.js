// Signing in and out over HTTP (http-api.md §4.3, §5). Who is signed in is kept by the client;
// other tabs of the same app are told.

import { InstantError } from './reactor/instant_error.js';

/**
 * @typedef {import('./reactor/reactor.js').User} User
 * @typedef {import('./client.js').Client} Client
 * @typedef {{user: User | null, isLoading: boolean, error?: InstantError}} AuthState
 */

const CAME_BACK = '_instant_oauth_redirect';

export class Auth {
  /**
   * @param {Client} client
   * @param {{apiURI: string, appId: string, fetch: typeof fetch, channelName: string}} options
   */
  constructor(client, options) {
    this.client = client;
    this.options = options;
    /** @type {Set<(state: AuthState) => void>} */
    this.listeners = new Set();
    /** @type {InstantError | undefined} */
    this.error = undefined;
    this.channel =
      typeof BroadcastChannel === 'function' ? new BroadcastChannel(options.channelName) : null;
    if (this.channel) this.channel.onmessage = () => void this.readStoredUser();
    client.tell((reactor) => reactor.userListeners.add(() => this.notify()));
    this.ready = client.ready.then(() => this.takeRedirect()).then(() => this.notify());
  }

  /**
   * Be told who is signed in, now and whenever that changes.
   * @param {(state: AuthState) => void} listener
   */
  subscribe(listener) {
    this.listeners.add(listener);
    listener({ user: null, isLoading: true });
    void this.ready.then(() => this.listeners.has(listener) && listener(this.state()));
    return () => void this.listeners.delete(listener);
  }

  /** @returns {Promise<User | null>} */
  async getUser() {
    await this.ready;
    return this.client.reactor.user;
  }

  /** Have a code sent by mail. @param {{email: string}} who */
  sendMagicCode({ email }) {
    return this.post('/runtime/auth/send_magic_code', { 'app-id': this.options.appId, email });
  }

  /** @param {{email: string, code: string, extraFields?: object}} proof */
  signInWithMagicCode({ email, code, extraFields }) {
    const token = this.client.reactor.user?.refresh_token;
    return this.signIn('/runtime/auth/verify_magic_code', {
      'app-id': this.options.appId,
      email,
      code,
      ...(token && { 'refresh-token': token }),
      ...(extraFields && { 'extra-fields': extraFields }),
    });
  }

  /** @param {{extraFields?: object}} [more] */
  signInAsGuest({ extraFields } = {}) {
    return this.signIn('/runtime/auth/sign_in_guest', {
      'app-id': this.options.appId,
      ...(extraFields && { 'extra-fields': extraFields }),
    });
  }

  /** @param {string} token a refresh token that a server made */
  signInWithToken(token) {
    return this.signIn('/runtime/auth/verify_refresh_token', {
      'app-id': this.options.appId,
      'refresh-token': token,
    });
  }

  /** @param {{idToken: string, clientName: string, nonce?: string, extraFields?: object}} proof */
  signInWithIdToken({ idToken, clientName, nonce, extraFields }) {
    return this.signInWithProvider('/runtime/oauth/id_token', extraFields, {
      id_token: idToken,
      client_name: clientName,
      nonce,
    });
  }

  /** @param {{code: string, codeVerifier?: string, extraFields?: object}} proof */
  exchangeOAuthCode({ code, codeVerifier, extraFields }) {
    const proof = { code, code_verifier: codeVerifier };
    return this.signInWithProvider('/runtime/oauth/token', extraFields, proof);
  }

  /**
   * Where to send the browser to sign in.
   * @param {{clientName: string, redirectURL: string}} where
   */
  createAuthorizationURL({ clientName, redirectURL }) {
    const { apiURI, appId } = this.options;
    const query = { app_id: appId, client_name: clientName, redirect_uri: redirectURL };
    return `${apiURI}/runtime/oauth/start?${new URLSearchParams(query)}`;
  }

  issuerURI() {
    return `${this.options.apiURI}/runtime/${this.options.appId}`;
  }

  /** @param {{invalidateToken?: boolean}} [how] */
  async signOut({ invalidateToken = true } = {}) {
    const token = (await this.getUser())?.refresh_token;
    if (token && invalidateToken) {
      const body = { app_id: this.options.appId, refresh_token: token };
      await this.post('/runtime/signout', body).catch(() => {}); // it is forgotten here anyway
    }
    this.change(null);
  }

  // -- how it is done ----------------------------------------------------------------------------

  /** @param {string} path @param {object} [extraFields] @param {object} [proof] */
  signInWithProvider(path, extraFields, proof) {
    return this.signIn(path, {
      app_id: this.options.appId,
      refresh_token: this.client.reactor.user?.refresh_token,
      ...(extraFields && { extra_fields: extraFields }),
      ...proof,
    });
  }

  /** @param {string} path @param {object} body @returns {Promise<any>} `{user, created}` */
  async signIn(path, body) {
    const answer = await this.post(path, body);
    this.change(answer.user);
    return answer;
  }

  /** @param {string} path @param {object} body @returns {Promise<any>} */
  async post(path, body) {
    await this.client.ready;
    const answer = await this.options.fetch(this.options.apiURI + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const value = await answer.json().catch(() => ({ message: answer.statusText }));
    if (!answer.ok) throw InstantError.from({ ...value, status: answer.status });
    return value;
  }

  /** @param {User | null} user */
  change(user) {
    this.error = undefined;
    this.client.tell((reactor) => reactor.setUser(user));
    void this.client.written.then(() => this.channel?.postMessage('user'));
  }

  /** Another tab signed in or out. */
  async readStoredUser() {
    const user = (await (await this.client.storage).get('kv', 'user')) ?? null;
    const known = this.client.reactor.user;
    if (user?.refresh_token !== known?.refresh_token)
      this.client.tell((reactor) => reactor.setUser(user, true));
  }

  /** The browser comes back from a provider: its address holds a code, or why there is none. */
  async takeRedirect() {
    if (typeof location === 'undefined') return;
    const url = new URL(location.href);
    if (!url.searchParams.has(CAME_BACK)) return;
    const [code, error] = ['code', 'error'].map((name) => url.searchParams.get(name));
    for (const name of [CAME_BACK, 'code', 'error']) url.searchParams.delete(name);
    history.replaceState(history.state, '', url);
    try {
      if (!code) throw new InstantError(error ?? 'The provider sent no code.');
      await this.exchangeOAuthCode({ code });
    } catch (refusal) {
      this.error = /** @type {InstantError} */ (refusal);
    }
  }

  notify() {
    for (const listener of this.listeners) listener(this.state());
  }

  /** @returns {AuthState} */
  state() {
    return {
      user: this.client.reactor.user,
      isLoading: false,
      ...(this.error && { error: this.error }),
    };
  }

  close() {
    this.channel?.close();
    this.listeners.clear();
  }
}
