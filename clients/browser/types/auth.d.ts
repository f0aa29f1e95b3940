export class Auth {
    /**
     * @param {Client} client
     * @param {{apiURI: string, appId: string, fetch: typeof fetch, channelName: string}} options
     */
    constructor(client: Client, options: {
        apiURI: string;
        appId: string;
        fetch: typeof fetch;
        channelName: string;
    });
    client: import("./client.js").Client;
    options: {
        apiURI: string;
        appId: string;
        fetch: typeof fetch;
        channelName: string;
    };
    /** @type {Set<(state: AuthState) => void>} */
    listeners: Set<(state: AuthState) => void>;
    /** @type {InstantError | undefined} */
    error: InstantError | undefined;
    channel: BroadcastChannel | null;
    ready: Promise<void>;
    /**
     * Be told who is signed in, now and whenever that changes.
     * @param {(state: AuthState) => void} listener
     */
    subscribe(listener: (state: AuthState) => void): () => undefined;
    /** @returns {Promise<User | null>} */
    getUser(): Promise<User | null>;
    /** Have a code sent by mail. @param {{email: string}} who */
    sendMagicCode({ email }: {
        email: string;
    }): Promise<any>;
    /** @param {{email: string, code: string, extraFields?: object}} proof */
    signInWithMagicCode({ email, code, extraFields }: {
        email: string;
        code: string;
        extraFields?: object;
    }): Promise<any>;
    /** @param {{extraFields?: object}} [more] */
    signInAsGuest({ extraFields }?: {
        extraFields?: object;
    }): Promise<any>;
    /** @param {string} token a refresh token that a server made */
    signInWithToken(token: string): Promise<any>;
    /** @param {{idToken: string, clientName: string, nonce?: string, extraFields?: object}} proof */
    signInWithIdToken({ idToken, clientName, nonce, extraFields }: {
        idToken: string;
        clientName: string;
        nonce?: string;
        extraFields?: object;
    }): Promise<any>;
    /** @param {{code: string, codeVerifier?: string, extraFields?: object}} proof */
    exchangeOAuthCode({ code, codeVerifier, extraFields }: {
        code: string;
        codeVerifier?: string;
        extraFields?: object;
    }): Promise<any>;
    /**
     * Where to send the browser to sign in.
     * @param {{clientName: string, redirectURL: string}} where
     */
    createAuthorizationURL({ clientName, redirectURL }: {
        clientName: string;
        redirectURL: string;
    }): string;
    issuerURI(): string;
    /** @param {{invalidateToken?: boolean}} [how] */
    signOut({ invalidateToken }?: {
        invalidateToken?: boolean;
    }): Promise<void>;
    /** @param {string} path @param {object} [extraFields] @param {object} [proof] */
    signInWithProvider(path: string, extraFields?: object, proof?: object): Promise<any>;
    /** @param {string} path @param {object} body @returns {Promise<any>} `{user, created}` */
    signIn(path: string, body: object): Promise<any>;
    /** @param {string} path @param {object} body @returns {Promise<any>} */
    post(path: string, body: object): Promise<any>;
    /** @param {User | null} user */
    change(user: User | null): void;
    /** Another tab signed in or out. */
    readStoredUser(): Promise<void>;
    /** The browser comes back from a provider: its address holds a code, or why there is none. */
    takeRedirect(): Promise<void>;
    notify(): void;
    /** @returns {AuthState} */
    state(): AuthState;
    close(): void;
}
export type User = import("./reactor/reactor.js").User;
export type Client = import("./client.js").Client;
export type AuthState = {
    user: User | null;
    isLoading: boolean;
    error?: InstantError;
};
import { InstantError } from './reactor/instant_error.js';
