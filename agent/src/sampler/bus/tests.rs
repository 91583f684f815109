//! The question against a bus double that reads it with the specification at hand, and answers of every kind.

use super::*;
use tokio::net::UnixListener;

/// A message from the bus: type, the serial it answers, body.
fn message(kind: u8, answers: u32, body: &[u8]) -> Vec<u8> {
    let mut fields = vec![5, 1, b'u', 0];
    fields.extend(answers.to_le_bytes());
    fields.extend([6, 1, b's', 0]);
    put_string(&mut fields, ":1.7");
    pad(&mut fields, 0, 8);
    fields.extend([8, 1, b'g', 0, 1, b's', 0]);
    let mut bytes = vec![b'l', kind, 0, 1];
    put_u32(&mut bytes, body.len());
    bytes.extend(9_u32.to_le_bytes());
    put_u32(&mut bytes, fields.len());
    bytes.extend(fields);
    pad(&mut bytes, 0, 8);
    bytes.extend(body);
    bytes
}

/// A list of units as systemd writes it.
fn units(names: &[&str]) -> Vec<u8> {
    let mut structs = Vec::new();
    for name in names {
        pad(&mut structs, 0, 8);
        for text in [name, "What it is", "loaded", "failed", "failed", "", "/org/freedesktop/systemd1/unit/x"] {
            pad(&mut structs, 0, 4);
            put_string(&mut structs, text);
        }
        pad(&mut structs, 0, 4);
        put_u32(&mut structs, 0);
        for text in ["", "/"] {
            pad(&mut structs, 0, 4);
            put_string(&mut structs, text);
        }
    }
    let mut body = Vec::new();
    put_u32(&mut body, structs.len());
    pad(&mut body, 0, 8);
    body.extend(structs);
    body
}

/// A bus that greets, reads the whole question, and answers with `answers`; then stays open.
pub(crate) async fn serve(listener: UnixListener, greeting: &'static str, answers: Vec<u8>) -> Vec<u8> {
    let (mut stream, _) = listener.accept().await.expect("accepts");
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n") {
        asked.push(stream.read_u8().await.expect("reads"));
    }
    stream.write_all(greeting.as_bytes()).await.expect("writes");
    if greeting.starts_with("OK") {
        let mut rest = vec![0; 1024];
        let size = stream.read(&mut rest).await.expect("reads");
        asked.extend(&rest[..size]);
        stream.write_all(&answers).await.expect("writes");
    }
    drop(stream.read_u8().await);
    asked
}

/// Answers of a bus with these failed units.
pub(crate) fn failed(names: &[&str]) -> Vec<u8> {
    let mut hello = Vec::new();
    put_string(&mut hello, ":1.7");
    let mut answers = message(TYPE_RETURN, 1, &hello);
    answers.extend(message(4, 0, &hello));
    answers.extend(message(TYPE_RETURN, ASKED, &units(names)));
    answers
}

async fn ask(greeting: &'static str, answers: Vec<u8>) -> (io::Result<Vec<String>>, Vec<u8>) {
    let folder = tempfile::tempdir().expect("temporary directory");
    let path = folder.path().join("bus");
    let bus = tokio::spawn(serve(UnixListener::bind(&path).expect("binds"), greeting, answers));
    let told = ask_failed_units(&path).await;
    (told, bus.await.expect("runs"))
}

const OK: &str = "OK 0123456789abcdef\r\n";

#[tokio::test]
async fn failed_units_are_told_by_name() {
    for names in [&[][..], &["nginx.service"], &["a.service", "backup@simpeg\\x2ddb.timer", "é.mount"]] {
        let (told, asked) = ask(OK, failed(names)).await;
        assert_eq!(told.expect("answers"), names);
        let text = String::from_utf8_lossy(&asked);
        assert!(text.starts_with("\0AUTH EXTERNAL ") && text.contains("BEGIN\r\nl\u{1}"), "{text}");
        assert!(text.contains("ListUnitsFiltered") && text.ends_with("failed\0"), "{text}");
    }
}

#[tokio::test]
async fn refusals_and_garbage_are_errors_with_a_reason() {
    let (told, _) = ask("REJECTED EXTERNAL\r\n", Vec::new()).await;
    assert!(told.expect_err("refused").to_string().contains("refuses this user"));
    let mut reason = Vec::new();
    put_string(&mut reason, "Access denied");
    let (told, _) = ask(OK, message(TYPE_ERROR, ASKED, &reason)).await;
    assert_eq!(told.expect_err("refused").to_string(), "systemd refuses to list units: Access denied");
    let mut huge = message(TYPE_RETURN, ASKED, &[]);
    huge[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut foreign = failed(&[]);
    foreign[0] = b'B';
    for answers in [huge, foreign, message(TYPE_RETURN, ASKED, &[9, 0, 0, 0, 1])] {
        assert_eq!(ask(OK, answers).await.0.expect_err("garbled").kind(), io::ErrorKind::InvalidData);
    }
}

#[test]
fn no_cut_or_flipped_answer_panics() {
    let body = units(&["a.service", "b.service"]);
    for end in 0..body.len() {
        let cut = parse_units(&body[..end]);
        assert!(cut.is_none_or(|names| names.len() < 2), "{end}");
    }
    for at in 0..body.len() {
        for bit in 0..8 {
            let mut flipped = body.clone();
            flipped[at] ^= 1 << bit;
            let read = parse_units(&flipped);
            assert!(read.is_none_or(|names| names.len() <= 2));
        }
    }
}
