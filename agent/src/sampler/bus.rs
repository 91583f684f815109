//! As much of D-Bus as one question needs: which units of systemd have failed. Anybody may ask it on the system bus.
//!
//! A library for D-Bus costs the agent more memory than all of its sampling, for one question a minute; `systemctl` costs
//! a process each time. The question never changes, so it is written out here, from the D-Bus specification:
//!
//! ```text
//! → NUL "AUTH EXTERNAL " hex(uid) CR LF        ← "OK " … CR LF
//! → "BEGIN" CR LF, Hello (serial 1), ListUnitsFiltered (serial 2)
//! ← messages; the one that answers serial 2 holds a(ssssssouso), whose first string is a unit's name
//!
//! message: l, type, flags, 1, body size u32, serial u32, header fields a(yv), zeros up to 8, body
//! ```
//!
//! Bounds: [`MESSAGE_BYTES_MAX`] for a message, [`MESSAGES_MAX`] messages before the answer. Whoever calls sets the
//! deadline. Answers are little-endian where systemd runs here; another order is refused, not guessed.

use std::io;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// Largest message read, in bytes: some thousand failed units.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// Most messages read before the answer.
const MESSAGES_MAX: usize = 16;

/// Largest line of the greeting.
const LINE_BYTES_MAX: usize = 256;

/// Serial of the question.
const ASKED: u32 = 2;

const TYPE_RETURN: u8 = 2;
const TYPE_ERROR: u8 = 3;

/// Names of the failed units, in systemd's order.
pub(crate) async fn ask_failed_units(socket: &Path) -> io::Result<Vec<String>> {
    let mut stream = UnixStream::connect(socket).await?;
    let uid = rustix::process::geteuid().as_raw().to_string();
    stream.write_all(format!("\0AUTH EXTERNAL {}\r\n", hex::encode(uid)).as_bytes()).await?;
    let line = read_line(&mut stream).await?;
    if !line.starts_with("OK ") {
        return Err(garbled(&format!("the bus refuses this user: {line}")));
    }
    let mut asked = b"BEGIN\r\n".to_vec();
    let bus = ["/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", "org.freedesktop.DBus"];
    write_call(&mut asked, 1, bus, None);
    let manager = [
        "/org/freedesktop/systemd1",
        "org.freedesktop.systemd1.Manager",
        "ListUnitsFiltered",
        "org.freedesktop.systemd1",
    ];
    write_call(&mut asked, ASKED, manager, Some("failed"));
    stream.write_all(&asked).await?;
    for _ in 0..MESSAGES_MAX {
        let (kind, answers, body) = read_message(&mut stream).await?;
        match (kind, answers) {
            (TYPE_RETURN, Some(ASKED)) => return parse_units(&body).ok_or_else(|| garbled("a list of units")),
            (TYPE_ERROR, Some(ASKED)) => {
                let told = Words { bytes: &body, at: 0 }.string().unwrap_or_default();
                return Err(io::Error::other(format!("systemd refuses to list units: {told}")));
            }
            _ => {}
        }
    }
    Err(garbled("no answer among the messages"))
}

fn garbled(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("cannot understand the bus: {what}"))
}

async fn read_line(stream: &mut UnixStream) -> io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        if line.len() >= LINE_BYTES_MAX {
            return Err(garbled("a line without end"));
        }
        line.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn pad(bytes: &mut Vec<u8>, begin: usize, to: usize) {
    while !(bytes.len() - begin).is_multiple_of(to) {
        bytes.push(0);
    }
}

fn put_u32(bytes: &mut Vec<u8>, number: usize) {
    bytes.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_string(bytes: &mut Vec<u8>, text: &str) {
    put_u32(bytes, text.len());
    bytes.extend(text.bytes());
    bytes.push(0);
}

/// A call without arguments, or with one array of one string.
fn write_call(bytes: &mut Vec<u8>, serial: u32, to: [&str; 4], argument: Option<&str>) {
    let mut body = Vec::new();
    if let Some(argument) = argument {
        // The array's size counts the string behind it: length, text, NUL.
        put_u32(&mut body, 4 + argument.len() + 1);
        put_string(&mut body, argument);
    }
    let begin = bytes.len();
    bytes.extend([b'l', 1, 0, 1]);
    put_u32(bytes, body.len());
    bytes.extend(serial.to_le_bytes());
    let mut fields = Vec::new();
    let [path, interface, member, destination] = to;
    for (code, signature, text) in [(1, b'o', path), (2, b's', interface), (3, b's', member), (6, b's', destination)] {
        pad(&mut fields, 0, 8);
        fields.extend([code, 1, signature, 0]);
        put_string(&mut fields, text);
    }
    if argument.is_some() {
        pad(&mut fields, 0, 8);
        fields.extend([8, 1, b'g', 0, 2, b'a', b's', 0]);
    }
    put_u32(bytes, fields.len());
    bytes.extend(fields);
    pad(bytes, begin, 8);
    bytes.extend(body);
}

/// Type, the serial it answers, body.
async fn read_message(stream: &mut UnixStream) -> io::Result<(u8, Option<u32>, Vec<u8>)> {
    let mut head = [0; 16];
    stream.read_exact(&mut head).await?;
    let number = |at: usize| {
        let bytes = head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        bytes.and_then(|number| usize::try_from(number).ok()).unwrap_or(usize::MAX)
    };
    let (body_size, fields_size) = (number(4), number(12));
    if head[0] != b'l' || body_size > MESSAGE_BYTES_MAX || fields_size > MESSAGE_BYTES_MAX {
        return Err(garbled("the head of a message"));
    }
    let mut fields = vec![0; fields_size.next_multiple_of(8)];
    stream.read_exact(&mut fields).await?;
    let mut body = vec![0; body_size];
    stream.read_exact(&mut body).await?;
    Ok((head[1], parse_reply_serial(&fields[..fields_size]), body))
}

/// The serial that a message answers, from its header fields.
fn parse_reply_serial(fields: &[u8]) -> Option<u32> {
    let mut words = Words { bytes: fields, at: 0 };
    loop {
        words.align(8);
        let code = words.byte()?;
        match words.signature()? {
            "u" if code == 5 => return words.u32(),
            "u" => drop(words.u32()?),
            "s" | "o" => drop(words.string()?),
            "g" => drop(words.signature()?),
            _ => return None,
        }
    }
}

/// The first string of each struct of `a(ssssssouso)`.
fn parse_units(body: &[u8]) -> Option<Vec<String>> {
    let mut words = Words { bytes: body, at: 0 };
    let size = usize::try_from(words.u32()?).ok()?;
    words.align(8);
    let end = words.at.checked_add(size).filter(|end| *end <= body.len())?;
    let mut names = Vec::new();
    while words.at < end {
        words.align(8);
        names.push(words.string()?.to_owned());
        for _ in 0..6 {
            words.string()?;
        }
        words.u32()?;
        words.string()?;
        words.string()?;
    }
    Some(names)
}

/// Reads D-Bus values one after another.
struct Words<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u32(&mut self) -> Option<u32> {
        self.align(4);
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn text(&mut self, count: usize) -> Option<&'a str> {
        let text = std::str::from_utf8(self.take(count)?).ok()?;
        (self.byte()? == 0).then_some(text)
    }

    fn string(&mut self) -> Option<&'a str> {
        let count = usize::try_from(self.u32()?).ok()?;
        self.text(count)
    }

    fn signature(&mut self) -> Option<&'a str> {
        let count = self.byte()?.into();
        self.text(count)
    }
}

#[cfg(test)]
pub(super) mod tests;
