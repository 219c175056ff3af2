// What several flows want to know of a caller. A flow imports files of its folder, nothing else.

/** A customer as the flows need him. */
export interface Customer {
  name: string;
  company: string;
  /** Login of the user who looks after him, "" for nobody. */
  responsible: string;
}

/**
 * Asks the address book who has a telephone number. A CRM that is away, slow or wrong must not cost the
 * call: then nobody is known.
 */
export function whoIs(phone: string): Customer | undefined {
  try {
    const contact = crm.contacts.find({ phone }, { timeout: 3 });
    if (!contact?.found) return undefined;
    return {
      name: contact.name ?? "",
      company: contact.company ?? "",
      responsible: contact.responsible ?? "",
    };
  } catch (e) {
    if (!(e instanceof CrmError)) throw e;
    log("the address book does not answer", e.text);
    return undefined;
  }
}
