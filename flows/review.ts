// The second half of the survey: the colleague says what the call was about, and the billing system
// keeps it with the mark.
//
// Started by the event "rated". Shows crm.card, asks billing.note.

export default function review(start: Start) {
  const rated = read(start.data);
  if (!rated) throw new Error("the event \"rated\" tells phone, user and mark");
  const { phone, user, mark } = rated;
  let text = `mark ${mark} for ${user}`;
  try {
    const card = crm.crm.card.show(user, { phone }, { timeout: 300 });
    text += `, ${card.values.subject ?? ""}: ${card.values.comment ?? ""}`;
  } catch (e) {
    // He closed it, has no screen, or was too slow: the mark is kept nevertheless.
    log("no card from", user, String(e));
  }
  crm.billing.note({ phone, text }, { timeout: 10 });
  return text;
}

/** The data of an event come from anybody: they are looked at before they are used. */
function read(data: unknown): { phone: string; user: string; mark: number } | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { phone, user, mark } = data as Record<string, unknown>;
  if (typeof phone !== "string" || typeof user !== "string" || typeof mark !== "number") return undefined;
  return { phone, user, mark };
}
