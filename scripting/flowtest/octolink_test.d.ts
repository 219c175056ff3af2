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
