//! A question to a name server, over UDP or TCP; hickory-proto reads and writes the messages, the sockets are ours, so
//! that what is measured is one question to one server and no resolver's cache or second try.

use super::connect::{connect, open_udp, trouble};
use super::conversation::port_of;
use super::pattern::{Pattern, parse_pattern};
use super::{Asking, Judgement, Trouble};
use hickory_proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use pantau_shared::assignment::kinds::DnsCheck;
use pantau_shared::probe::ProbePhase;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Most bytes of an answer over UDP, and what we offer to take (DNS flag day 2020).
const UDP_BYTES_MAX: u16 = 1232;

/// The names of response codes that people write.
const RESPONSE_CODES: [(&str, ResponseCode); 6] = [
    ("NOERROR", ResponseCode::NoError),
    ("FORMERR", ResponseCode::FormErr),
    ("SERVFAIL", ResponseCode::ServFail),
    ("NXDOMAIN", ResponseCode::NXDomain),
    ("NOTIMP", ResponseCode::NotImp),
    ("REFUSED", ResponseCode::Refused),
];

/// What the answer must be.
#[derive(Debug)]
struct Expected {
    name: String,
    record_type: RecordType,
    answers: Vec<Pattern>,
    code: Option<ResponseCode>,
}

/// Asks and judges. A truncated answer is asked for again over TCP.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &DnsCheck) -> Result<Judgement, Trouble> {
    let port = port_of(asking, check.port, 53)?;
    let expected = parse_expected(check).map_err(|what| asking.refuse(&what))?;
    let mut name =
        Name::from_utf8(&check.name).map_err(|error| asking.refuse(&format!("`{}`: {error}", check.name)))?;
    name.set_fqdn(true);
    let mut question = Message::query();
    question.add_query(Query::query(name, expected.record_type));
    question.metadata.recursion_desired = true;
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_BYTES_MAX);
    question.edns = Some(edns);
    let bytes = question.to_vec().map_err(|error| Trouble::Probe(format!("cannot write the question: {error}")))?;
    let mut answer = if check.over_tcp {
        ask_tcp(asking, &check.server, port, &bytes).await?
    } else {
        ask_udp(asking, &check.server, port, &bytes, question.metadata.id).await?
    };
    if answer.metadata.truncation && !check.over_tcp {
        answer = ask_tcp(asking, &check.server, port, &bytes).await?;
    }
    let count = |records: usize| u32::try_from(records).unwrap_or(u32::MAX);
    asking.progress.detail.dns_records =
        Some([count(answer.answers.len()), count(answer.authorities.len()), count(answer.additionals.len())]);
    asking.note("answers", f64::from(count(answer.answers.len())), "");
    let (judgement, by_pattern) = judge(&answer, &expected);
    asking.progress.detail.failed_by_pattern = by_pattern;
    Ok(judgement)
}

async fn ask_udp(
    asking: &mut Asking<'_>,
    server: &str,
    port: u16,
    question: &[u8],
    id: u16,
) -> Result<Message, Trouble> {
    let socket = open_udp(asking, server, port).await?;
    let from_us = asking.enter(ProbePhase::FirstByte);
    socket.send(question).await.map_err(|error| trouble("cannot send", &error))?;
    let mut bytes = vec![0; usize::from(u16::MAX)];
    loop {
        let size = socket.recv(&mut bytes).await.map_err(|error| trouble("no answer", &error))?;
        // What does not answer this question may be forged or late: the right one may still come.
        let answer = bytes.get(..size).and_then(|bytes| Message::from_vec(bytes).ok());
        if let Some(answer) = answer.filter(|answer| is_answer(answer, id)) {
            asking.lap(|progress| &mut progress.first_byte_us, from_us);
            return Ok(answer);
        }
    }
}

async fn ask_tcp(asking: &mut Asking<'_>, server: &str, port: u16, question: &[u8]) -> Result<Message, Trouble> {
    let mut stream = connect(asking, server, port).await?;
    let from_us = asking.enter(ProbePhase::FirstByte);
    let length = u16::try_from(question.len()).map_err(|_| Trouble::Probe("question is too long".to_owned()))?;
    let framed = [&length.to_be_bytes(), question].concat();
    stream.write_all(&framed).await.map_err(|error| trouble("cannot send", &error))?;
    let length = stream.read_u16().await.map_err(|error| trouble("no answer", &error))?;
    asking.lap(|progress| &mut progress.first_byte_us, from_us);
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await.map_err(|error| trouble("answer broke off", &error))?;
    let answer = Message::from_vec(&bytes);
    answer.map_err(|error| Trouble::Failed(format!("answer cannot be understood: {error}")))
}

fn is_answer(answer: &Message, id: u16) -> bool {
    answer.metadata.id == id && answer.metadata.message_type == MessageType::Response
}

fn parse_expected(check: &DnsCheck) -> Result<Expected, String> {
    let record_type = if check.record_type.is_empty() { "A" } else { &check.record_type };
    let pattern = |text: &String| parse_pattern(&format!("^(?:{text})$"));
    let code = match check.response_code.as_str() {
        "" => None,
        word => {
            let known = RESPONSE_CODES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
            Some(known.map(|(_, code)| *code).ok_or_else(|| format!("`{word}` is not a response code"))?)
        }
    };
    Ok(Expected {
        name: check.name.clone(),
        record_type: record_type
            .to_ascii_uppercase()
            .parse()
            .map_err(|_| format!("`{record_type}` is not a record type"))?,
        answers: check.answers.iter().map(pattern).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect(),
        code,
    })
}

/// Judges a message; and whether a pattern was what failed.
fn judge(answer: &Message, expected: &Expected) -> (Judgement, bool) {
    let failed = |reason: String| Judgement::failed(ProbePhase::Content, reason);
    let code = answer.metadata.response_code;
    let wanted = expected.code.unwrap_or(ResponseCode::NoError);
    if code != wanted {
        return (failed(format!("answered with {}", render_code(code))), false);
    }
    let of_type = answer.answers.iter().filter(|record| record.record_type() == expected.record_type);
    let texts: Vec<String> = of_type.map(|record| record.data.to_string()).collect();
    let record_type = expected.record_type;
    if texts.is_empty() && expected.code.is_none() {
        return (failed(format!("no {record_type} record of `{}`", expected.name)), false);
    }
    let missed = expected.answers.iter().find(|pattern| !texts.iter().any(|text| is_match(pattern, text)));
    let Some(pattern) = missed else {
        return (Judgement::ok(), false);
    };
    let seen: String = texts.join(", ").chars().take(200).collect();
    (failed(format!("no {record_type} record is `{}`: {seen}", pattern.as_str())), true)
}

/// A name with or without its last dot is the same name.
fn is_match(pattern: &Pattern, text: &str) -> bool {
    pattern.is_match(text) || text.strip_suffix('.').is_some_and(|text| pattern.is_match(text))
}

fn render_code(code: ResponseCode) -> String {
    let known = RESPONSE_CODES.iter().find(|(_, known)| *known == code);
    known.map_or_else(|| code.to_string(), |(name, _)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::rr::rdata::{A, MX};
    use hickory_proto::rr::{RData, Record};

    fn answer(code: ResponseCode, records: &[RData]) -> Message {
        let mut message = Message::response(7, hickory_proto::op::OpCode::Query);
        message.metadata.response_code = code;
        let name = Name::from_utf8("simpeg.go.id.").expect("name");
        message.answers = records.iter().map(|data| Record::from_rdata(name.clone(), 60, data.clone())).collect();
        // Through its bytes, as it would come.
        Message::from_vec(&message.to_vec().expect("writes")).expect("reads")
    }

    fn judged(check: &DnsCheck, message: &Message) -> Judgement {
        judge(message, &parse_expected(check).expect("good")).0
    }

    #[test]
    fn answers_are_judged_by_code_type_and_content() {
        let a = RData::A(A::new(10, 0, 0, 5));
        let any = DnsCheck { name: "simpeg.go.id".into(), ..DnsCheck::default() };
        assert_eq!(judged(&any, &answer(ResponseCode::NoError, std::slice::from_ref(&a))), Judgement::ok());
        assert_eq!(judged(&any, &answer(ResponseCode::NoError, &[])).reason, "no A record of `simpeg.go.id`");
        assert_eq!(judged(&any, &answer(ResponseCode::ServFail, &[])).reason, "answered with SERVFAIL");
        let right = DnsCheck { answers: vec![r"10\.0\.0\.\d".into()], ..any.clone() };
        assert_eq!(judged(&right, &answer(ResponseCode::NoError, std::slice::from_ref(&a))), Judgement::ok());
        let wrong = DnsCheck { answers: vec!["10.0.0".into()], ..any.clone() };
        let judgement = judged(&wrong, &answer(ResponseCode::NoError, &[a]));
        assert_eq!(judgement.reason, "no A record is `^(?:10.0.0)$`: 10.0.0.5");
        let none = DnsCheck { response_code: "nxdomain".into(), ..any.clone() };
        assert_eq!(judged(&none, &answer(ResponseCode::NXDomain, &[])), Judgement::ok());
        let mx = DnsCheck { record_type: "mx".into(), answers: vec![r"10 mx\.go\.id".into()], ..any };
        let record = RData::MX(MX::new(10, Name::from_utf8("mx.go.id.").expect("name")));
        assert_eq!(judged(&mx, &answer(ResponseCode::NoError, &[record])), Judgement::ok());
    }

    #[test]
    fn questions_that_cannot_be_asked_are_refused() {
        assert!(parse_expected(&DnsCheck { record_type: "ZZ".into(), ..DnsCheck::default() }).is_err());
        assert!(parse_expected(&DnsCheck { response_code: "MAYBE".into(), ..DnsCheck::default() }).is_err());
        assert!(parse_expected(&DnsCheck { answers: vec!["(".into()], ..DnsCheck::default() }).is_err());
    }
}
