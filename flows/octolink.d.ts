// What call flows can use. Written by "octolink flow types"; it is made anew, so nothing is added here.

/** What a caller hears: a file of the telephone system (Latin letters, digits, ".", "-", "_", "/"), or a text that is spoken. */
type Prompt = string | { file?: string; text?: string };

/** Values by key, as CRMs get and give them. */
type Params = Record<string, unknown>;

/** Why a call to somebody ended. */
type Reason = "talked" | "noanswer" | "busy" | "rejected" | "nonumber" | "failed";

/** A dynamic method or a form failed. */
declare class CrmError extends Error {
  /** The CRM's own code, or 404: nobody offers it, 410: the CRM is gone, 413: the answer is too large, 501: not over this link, 504: no answer in time. */
  readonly code: number;
  /** The CRM's own words, or ours. */
  readonly text: string;
  readonly provider: string;
  readonly method: string;
  /** No answer came in time. */
  readonly timeout: boolean;
}

/** The user has no screen at which he could be reached. */
declare class NobodyError extends Error {}

/** The telephone system refused a command. */
declare class CallError extends Error {
  readonly function: string;
}

/** A flow that was called by execFlow did not return. */
declare class FlowError extends Error {
  readonly flow: string;
  readonly outcome: "threw" | "limit" | "refused";
}

/** Why a run was started. A flow with a call gets it as the second argument, one without as the first. */
interface Start {
  readonly kind: "call" | "queue" | "state" | "timer" | "event" | "service" | "flow" | "command";
  readonly flow: string;
  /** Parameters of a service, of execFlow or of "octolink flow run". */
  readonly params: string[];
  /** Login of the user whom it is about. */
  readonly user?: string;
  /** Id of the call that it is about. */
  readonly call?: string;
  /** Name of the custom event. */
  readonly event?: string;
  /** Data of the custom event. */
  readonly data?: unknown;
  /** Number of the caller, of a run for a queue. */
  readonly from?: string;
  /** Number of the queue. */
  readonly queue?: string;
  /** What happened in the queue, or the user's state. */
  readonly on?: string;
  readonly state?: string;
  [about: string]: unknown;
}

/** What call.record returns. */
interface Recording {
  /** of the call, whose journal entry has the recording */
  readonly id: string;
  /** seconds */
  readonly duration: number;
}

/** What call.dial returns. */
interface Talk {
  /** somebody took the call, and the talk is over */
  readonly answered: boolean;
  /** why it ended */
  readonly reason: Reason;
  /** seconds of the talk */
  readonly duration: number;
  /** seconds until the answer, or the end */
  readonly waited: number;
  /** who took it, or who was tried last */
  readonly number: string;
  /** his login, if he is a user */
  readonly user: string | null;
}

/** A call that the flow leads. */
interface Call {
  /** The call's id: the chain of the journal. */
  readonly id: string;
  /** The caller's number. */
  readonly from: string;
  /** The number that was dialled. */
  readonly to: string;
  /** Incoming from outside, or internal from a colleague. */
  readonly direction: "incoming" | "internal" | "outgoing";
  /** Login of the user whose call it is: of the colleague with whom the flow has connected the caller last, else of the one for whom the run was started, else of the colleague who calls; null: nobody's. */
  readonly user: string | null;
  /**
   * Takes the call. What needs a connected caller does it by itself.
   */
  answer(): void;
  /**
   * Plays a file of the telephone system or speaks a text, and returns with the key that stopped it, "" for none.
   * @param prompt a file's name, a text to speak, or {file, text}
   */
  play(prompt: Prompt, options?: { /** keys that stop it, such as "0123456789*#" */ keys?: string }): string;
  /**
   * Records the caller. The recording is kept with the call in the journal.
   */
  record(options?: { /** seconds; 60 if not said */ max?: number; /** seconds of silence that end it; none if not said */ silence?: number; /** keys that end it */ stop?: string }): Recording;
  /**
   * Plays a prompt and waits for one of the choices; "" when the caller chose nothing in all tries.
   * @param prompt a file's name, a text to speak, or {file, text}
   */
  menu(prompt: Prompt, options?: { /** keys that may be chosen; "0123456789" if not said */ choices?: string; /** how often the prompt is played; 3 if not said */ tries?: number; /** seconds for a key after the prompt; 5 if not said */ timeout?: number }): string;
  /**
   * Plays a prompt and gathers digits; those that are there when the time is over, "" for none.
   * @param prompt a file's name, a text to speak, or {file, text}
   */
  collect(prompt: Prompt, options?: { /** so many digits are enough; 32 if not said */ max?: number; /** keys that end the input; "#" if not said */ stop?: string; /** seconds for the first digit; 5 if not said */ timeout?: number; /** seconds between two digits; 3 if not said */ between?: number; /** the digits are masked in the trace, here and in what follows */ secret?: boolean }): string;
  /**
   * Rings numbers or users for the caller and returns when the talk is over or nobody took the call.
   * @param to a number, a login, or a list of them that are tried in order
   */
  dial(to: string | string[], options?: { /** seconds for each of them, or for all at once; 30 if not said */ timeout?: number; /** all ring together */ atOnce?: boolean }): Talk;
  /**
   * Lets the caller wait in a queue and returns when the talk with an agent is over or the time is.
   * @param number of the queue
   */
  queue(number: string, options?: { /** seconds; if not said, the caller waits as long as he likes */ timeout?: number }): Talk;
  /**
   * Gives the call away to a number, a queue or a user. The flow may go on without it.
   * @param to a number, a queue's too, or a login
   */
  transfer(to: string): void;
  /**
   * Gives the call away into a conference and returns its id; one that is not there is made.
   * @param id the conference; a new one if not said
   */
  conference(id?: string): string;
  /**
   * Lets the caller hear music until the next command, while the flow does something else.
   * @param music "off" ends it; "on" if not said
   */
  hold(music?: "on" | "off"): void;
  /**
   * Ends the call. The flow may go on without it.
   * @param cause what a caller who was not answered is told; "normal" if not said
   */
  hangup(cause?: "normal" | "busy" | "rejected" | "nonumber"): void;
  /**
   * Notes something in the call's journal entry.
   * @param key at most 64 bytes
   * @param value at most 1024 bytes
   */
  tag(key: string, value: string): void;
}

/**
 * Writes a line to the server's log and to the trace.
 * @param values texts and other values, written one behind the other
 */
declare function log(...values: unknown[]): void;

/**
 * Waits for so many seconds.
 * @param seconds how long
 */
declare function sleep(seconds: number): void;

/**
 * The present, in milliseconds since 1970 as Date.now().
 */
declare function now(): number;

declare namespace schedule {
  /**
   * Whether a schedule such as "mon-fri 9-18, sat 10-14" is open now.
   * @param hours days and hours: "mon-fri 9-18, sat 10:30-14"; "*" for every day
   * @param zone time zone such as "Europe/Moscow"; the server's if not said
   */
  function open(hours: string, zone?: string): boolean;
}

declare namespace kv {
  /**
   * A value that a run of this flow has kept; undefined when there is none.
   * @param key at most 256 bytes
   */
  function get(key: string): unknown;
  /**
   * Keeps a value for later runs of this flow; undefined drops it.
   * @param key at most 256 bytes
   * @param value what JSON can hold, at most 64 KiB of it; undefined and null drop the key
   */
  function set(key: string, value?: unknown): void;
}

/**
 * Shows a short text at a user's screens.
 * @param user login
 * @param text what he sees
 */
declare function notify(user: string, text: string): void;

declare namespace events {
  /**
   * Tells a custom event to everybody who listens.
   * @param event its name
   * @param data what JSON can hold, at most 16 KiB of it
   */
  function emit(event: string, data?: unknown): void;
}

/**
 * Rings a user and then a number for him, and returns the new call's id without waiting for the talk.
 * @param user login of whom to ring first
 * @param number whom to ring then
 */
declare function callback(user: string, number: string): string;

/**
 * Runs another flow, with the same call, and returns what it returned.
 * @param flow its name: the file's, without its ending
 * @param params what it finds in start.params
 */
declare function execFlow(flow: string, ...params: unknown[]): any;

/** How a dynamic method is called. */
type MethodOptions = { /** seconds for the answer; the provider's own limit if not said */ timeout?: number; /** seconds more, in which an answer still counts but the CRM is told that it is late */ late?: number; /** login of the user at whose screens the method runs, for methods that are for a user */ user?: string };

/** How a form is shown. */
type FormOptions = { /** seconds for the answer; 300 if not said */ timeout?: number; /** do not wait for the answer; the form stays until close or the end of the run */ noWait?: boolean };

/** What a user did with a form. */
interface Shown<Out> {
  /** The button that was pressed, "" when the form has none. */
  readonly button: string;
  readonly values: Out;
}

/** A dynamic method: null when the CRM gave nothing back. Throws CrmError, and NobodyError for a user without a screen. */
type Method<In, Out> = (params?: In, options?: MethodOptions) => Out | null;

/** A form of a CRM. */
interface Form<In, Out> {
  /** Shows it to a user and waits for what he enters. Throws NobodyError, and CrmError when he does not answer. */
  show(user: string, params?: In, options?: FormOptions): Shown<Out>;
  /** Closes what this run has shown of it. */
  close(): void;
}

interface CrmFunctions {
  /**
   * Calls the dynamic method "provider.method", for names that are known only at run time.
   * @param name "provider.method", or a method that one provider offers
   * @param params the method's parameters by key
   */
  call(name: string, params?: Params, options?: { /** seconds for the answer; the provider's own limit if not said */ timeout?: number; /** seconds more, in which an answer still counts but the CRM is told that it is late */ late?: number; /** login of the user at whose screens the method runs, for methods that are for a user */ user?: string }): Record<string, any> | null;
  /**
   * Calls a method at every provider that offers it: the first answer that is not empty, or all answers.
   * @param method the method's key, without a provider
   * @param params the method's parameters by key
   */
  find(method: string, params?: Params, options?: { /** all answers as a list of {provider, values, error}, instead of the first that is not empty */ all?: boolean; /** seconds for all together; each provider's own limit if not said */ timeout?: number }): any;
}

/** The CRMs that are there, with their methods and forms. */
interface CrmProviders {
  readonly billing: {
    /** Balance of an account. What is on an account, found by its number or by a telephone number. */
    readonly balance: Method<{ phone?: string | null; account?: string | null }, { found?: boolean | null; account?: string | null; amount?: number | null; currency?: string | null }>;
    /** Write a note. A line in the history of a customer. */
    readonly note: Method<{ phone?: string | null; text?: string | null }, { id?: string | null }>;
  };
  readonly contacts: {
    /** Find a contact. Finds a contact by its telephone number. */
    readonly find: Method<{ phone?: string | null }, { found?: boolean | null; id?: string | null; phone?: string | null; name?: string | null; company?: string | null; responsible?: string | null; note?: string | null }>;
    /** Add a contact. Adds a contact. */
    readonly create: Method<{ phone?: string | null; name?: string | null; company?: string | null; responsible?: string | null; note?: string | null }, { id?: string | null }>;
    /** Who looks after a caller. Tells who looks after a caller. */
    readonly responsible: Method<{ phone?: string | null }, { user?: string | null }>;
    /** Contact card. Shows who is on the telephone. */
    readonly contact: Form<{ phone?: string | null; name?: string | null }, { name?: string | null; note?: string | null; result?: string | null }>;
  };
  readonly crm: {
    /** Find a contact. The contact who has a telephone number. */
    readonly findcontact: Method<{ phone?: string | null }, { contactid?: string | null; name?: string | null; company?: string | null; phone?: string | null }>;
    /** Create a contact. A new contact, for a caller whom nobody knows. */
    readonly createcontact: Method<{ phone?: string | null; name?: string | null; kind?: string | null }, { contactid?: string | null; created?: string | null }>;
    /** Who is responsible. The login of the user who looks after a caller. */
    readonly responsible: Method<{ phone?: string | null }, { userlogin?: string | null }>;
    /** Contact card. Who calls, and what it was about. */
    readonly card: Form<{ phone?: string | null; contactid?: string | null }, { subject?: string | null; comment?: string | null }>;
  };
}

declare const crm: CrmFunctions & CrmProviders;

// What tests of flows can use: files whose names end in _test.ts, run by "octolink flow test".

/** Declares a test. */
declare function test(name: string, fn: (t: Tester) => void): void;

/** What a CRM answers: values, or what t.failure, t.never, t.late and t.closed make. */
type TestAnswer = Record<string, unknown> | Special | undefined;

/** Made by t.failure, t.never, t.late and t.closed. */
interface Special { readonly special: never }

/** How a telephone, or a queue, behaves. Without one nobody answers. */
interface TestPhone {
  /** So many seconds after the first ring somebody answers. */
  answers?: number;
  /** So many seconds the talk lasts; 30 if not said. */
  talks?: number;
  /** Login of who answers; that of the telephone if not said. */
  user?: string;
  busy?: boolean;
  /** So many seconds after the first ring it is declined. */
  rejects?: number;
  /** There is no such number. */
  unknown?: boolean;
}

/** Who calls, and what he does. */
interface TestCaller {
  from?: string;
  to?: string;
  /** Login, of a colleague who calls. */
  user?: string;
  /** What is pressed at each question, in order; "" for nothing. */
  keys?: string[];
  /** So many seconds after the beginning. */
  hangsUpAfter?: number;
  /** The number's rule: "queue:700", "user:alice", "number:300", "hangup". */
  fallback?: string;
}

/** Why a flow without a call is started. Other keys are found in start, too. */
interface TestStart {
  kind?: string;
  user?: string;
  call?: string;
  params?: string[];
  event?: string;
  data?: unknown;
  [key: string]: unknown;
}

/** What a flow did. */
interface Played {
  /** "returned", "threw", "limit", "hung up", "given away", "gone". */
  outcome: string;
  /** Why, when it did not return. */
  reason: string;
  /** What the flow returned. */
  returned: any;
  /** How the call ended: "hung up" by the caller, "hangup", "transfer 300", "conference ID", "fallback queue:700". */
  ended: string;
  /** What the caller heard. */
  said: string[];
  /** Whom the flow rang. */
  rang: string[];
  /** The queues in which the caller waited. */
  queued: string[];
  tags: Record<string, string>;
  /** Dynamic methods that were called. */
  asked: { method: string; user: string; params: any }[];
  /** Forms that were shown. */
  shown: { form: string; user: string; params: any }[];
  notes: { user: string; text: string }[];
  callbacks: { user: string; number: string }[];
  events: { name: string; data: any }[];
  logged: string[];
  recordings: number;
  /** Every host function that was called; args and result are JSON. */
  steps: { name: string; args: string; result: string; error: string }[];
  /** Seconds, in the test's time. */
  took: number;
}

/** What a test is given. Time passes only while something waits. */
interface Tester {
  /** Sets the clock, "2026-01-12T09:00:00+03:00". Tests begin on Monday, January 12, 2026, at noon in UTC. */
  now(time: string): void;
  /** A CRM: an answer for each method, or a function that gives one. */
  provider(name: string, methods: Record<string, TestAnswer | ((params: any, user: string) => TestAnswer)>): void;
  /** A form "provider.form": what the user enters, { button, values }, or a function that gives it. */
  form(name: string, answer: TestAnswer | ((user: string, params: any) => TestAnswer)): void;
  /** A telephone: a number, or a user's login. */
  phone(to: string, how: TestPhone): void;
  queue(number: string, how: TestPhone): void;
  /** Whether a user has a screen for forms and notes; he has one if not said. */
  screen(user: string, open: boolean): void;
  /** What an earlier run of a flow has kept. */
  kept(flow: string, key: string, value: unknown): void;
  /** What a flow has kept. */
  kept(flow: string, key: string): any;

  /** Plays a flow that leads a call. */
  call(flow: string, caller?: TestCaller): Played;
  /** Plays a flow without a call. */
  start(flow: string, start?: TestStart): Played;

  /** Fails the test when two values differ; the order of keys does not count. */
  equal(got: unknown, want: unknown, what?: string): void;
  ok(holds: unknown, what?: string): void;
  match(text: string, pattern: RegExp, what?: string): void;
  fail(why: string): void;
  /** A line for "octolink flow test -v". */
  log(...values: unknown[]): void;

  /** A CRM's own error. */
  failure(code: number, text: string): Special;
  /** No answer at all. Timeouts of methods and forms count in whole seconds in tests, rounded up. */
  never(): Special;
  /** An answer after so many seconds. */
  late(seconds: number, answer?: TestAnswer): Special;
  /** A form that is closed without an answer. */
  closed(): Special;
}
