// The open mail as .eml: Outlook gives it whole from Mailbox 1.14 on; before that it is put together from its parts.

interface AsyncResult<T> {
  status: string;
  value: T;
  error?: { message: string };
}
interface Person {
  displayName?: string;
  emailAddress: string;
}
interface AttachmentDetails {
  id: string;
  name: string;
  contentType?: string;
  isInline?: boolean;
}
type Done<T> = (result: AsyncResult<T>) => void;

export interface OfficeItem {
  subject?: string;
  from?: Person;
  sender?: Person;
  to?: Person[];
  cc?: Person[];
  dateTimeCreated?: Date;
  internetMessageId?: string;
  attachments?: AttachmentDetails[];
  body?: { getAsync(kind: string, done: Done<string>): void };
  getAsFileAsync?(done: Done<string>): void;
  getAttachmentContentAsync?(id: string, done: Done<{ format: string; content: string }>): void;
}

/** The mail as a file. Rejects with Outlook's own words where it does not give it. */
export async function compose(item: OfficeItem): Promise<Blob> {
  if (item.getAsFileAsync) {
    const coded = await asked<string>((done) => item.getAsFileAsync?.(done));
    return new Blob([bytes(coded)], { type: "message/rfc822" });
  }
  return new Blob([await fromParts(item)], { type: "message/rfc822" });
}

function asked<T>(call: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((result) => (result.status === "succeeded" ? resolve(result.value) : reject(new Error(result.error?.message ?? result.status))));
  });
}

function bytes(coded: string): Uint8Array<ArrayBuffer> {
  const text = atob(coded);
  const found = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) found[place] = text.charCodeAt(place);
  return found;
}

/** RFC 5322 and MIME from what an older Outlook tells; everything is base64, so that no line breaks a rule. */
async function fromParts(item: OfficeItem): Promise<string> {
  const text = item.body ? await asked<string>((done) => item.body?.getAsync("text", done)) : "";
  const boundary = `caseroom-${crypto.randomUUID()}`;
  const head = [
    `From: ${people([item.from ?? item.sender])}`,
    `To: ${people(item.to)}`,
    ...(item.cc?.length ? [`Cc: ${people(item.cc)}`] : []),
    `Subject: ${word(item.subject ?? "")}`,
    ...(item.dateTimeCreated ? [`Date: ${new Date(item.dateTimeCreated).toUTCString().replace("GMT", "+0000")}`] : []),
    ...(item.internetMessageId ? [`Message-ID: ${oneLine(item.internetMessageId)}`] : []),
    "MIME-Version: 1.0",
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
  ];
  const parts = [part("text/plain; charset=utf-8", encode(text)), ...(await attached(item))];
  return `${head.join("\r\n")}\r\n\r\n${parts.map((one) => `--${boundary}\r\n${one}`).join("")}--${boundary}--\r\n`;
}

async function attached(item: OfficeItem): Promise<string[]> {
  const parts: string[] = [];
  for (const one of item.attachments ?? []) {
    if (!item.getAttachmentContentAsync) break;
    const content = await asked<{ format: string; content: string }>((done) => item.getAttachmentContentAsync?.(one.id, done));
    if (content.format === "url") continue; // a file in a cloud: only its address is in the mail
    const type = content.format === "eml" ? "message/rfc822" : oneLine(one.contentType || "application/octet-stream");
    const coded = content.format === "base64" ? content.content : encode(content.content);
    const kind = type === "message/rfc822" ? "application/octet-stream" : type;
    parts.push(part(kind, coded, `${one.isInline ? "inline" : "attachment"}; filename*=UTF-8''${encodeURIComponent(one.name)}`));
  }
  return parts;
}

function part(type: string, coded: string, disposition?: string): string {
  const lines = coded.replace(/\s/g, "").replace(/.{1,76}/g, "$&\r\n");
  const place = disposition ? `Content-Disposition: ${disposition}\r\n` : "";
  return `Content-Type: ${type}\r\n${place}Content-Transfer-Encoding: base64\r\n\r\n${lines}\r\n`;
}

function people(list: (Person | undefined)[] | undefined): string {
  const known = (list ?? []).filter((one): one is Person => Boolean(one?.emailAddress));
  return known.map((one) => (one.displayName ? `${word(one.displayName)} <${oneLine(one.emailAddress)}>` : oneLine(one.emailAddress))).join(", ");
}

/** Words of a header in RFC 2047, in pieces of at most 30 characters, each whole. */
function word(text: string): string {
  const letters = [...oneLine(text)];
  const pieces: string[] = [];
  for (let start = 0; start < letters.length; start += 10) pieces.push(`=?utf-8?B?${encode(letters.slice(start, start + 10).join(""))}?=`);
  return pieces.join("\r\n ");
}

function encode(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\0]+/g, " ").trim();
}
