//! The kinds on the wire and in a file.

use super::*;
use kinds::Endpoint;
use prost::Message;

fn every_kind() -> Vec<(u32, CheckKind)> {
    vec![
        (20, CheckKind::Http(HttpCheck::default())),
        (21, CheckKind::Tcp(TcpCheck::default())),
        (22, CheckKind::Tls(TlsCheck::default())),
        (23, CheckKind::Icmp(IcmpCheck::default())),
        (24, CheckKind::Dns(DnsCheck::default())),
        (25, CheckKind::Smtp(MailCheck::default())),
        (26, CheckKind::Imap(MailCheck::default())),
        (27, CheckKind::Ssh(SshCheck::default())),
        (28, CheckKind::Postgres(DatabaseCheck::default())),
        (29, CheckKind::Mysql(DatabaseCheck::default())),
        (30, CheckKind::Redis(DatabaseCheck::default())),
        (31, CheckKind::Mqtt(MqttCheck::default())),
        (32, CheckKind::Ntp(NtpCheck::default())),
        (33, CheckKind::Unit(UnitCheck::default())),
        (34, CheckKind::Process(ProcessCheck::default())),
        (35, CheckKind::Exec(ExecCheck::default())),
    ]
}

/// A tag that moved would make an agent of another version ask something else.
#[test]
fn every_kind_keeps_its_tag_and_comes_back() {
    for (tag, kind) in every_kind() {
        let spec = CheckSpec { kind: Some(kind.clone()), ..CheckSpec::default() };
        let bytes = spec.encode_to_vec();
        let mut key = Vec::new();
        prost::encoding::encode_varint(u64::from(tag << 3 | 2), &mut key);
        assert_eq!(&bytes[..key.len()], key, "{}", kind.name());
        assert_eq!(CheckSpec::decode(bytes.as_slice()).expect("decodes"), spec, "{}", kind.name());
    }
}

#[test]
fn a_kind_of_the_future_arrives_as_none() {
    let mut bytes = CheckSpec { id: "web".into(), ..CheckSpec::default() }.encode_to_vec();
    prost::encoding::encode_varint(99 << 3 | 2, &mut bytes);
    bytes.push(0);
    let spec = CheckSpec::decode(bytes.as_slice()).expect("decodes");
    assert_eq!((spec.id.as_str(), spec.kind), ("web", None));
}

#[test]
fn a_file_names_kinds_and_encryptions_by_word() {
    let text = r#"{"id": "mail", "interval_ms": 30000, "timeout_ms": 5000,
        "kind": {"smtp": {"endpoint": {"host": "mx", "encryption": "start_tls"}, "greeting_contains": "ESMTP"}}}"#;
    let spec: CheckSpec = serde_json::from_str(text).expect("reads");
    let encryption = i32::from(Encryption::StartTls);
    let endpoint = Some(Endpoint { host: "mx".into(), encryption, ..Endpoint::default() });
    assert_eq!(spec.kind, Some(CheckKind::Smtp(MailCheck { endpoint, greeting_contains: "ESMTP".into() })));
    let again = serde_json::to_string(&spec).expect("renders");
    assert_eq!(serde_json::from_str::<CheckSpec>(&again).expect("reads"), spec);
    let strange = serde_json::from_str::<CheckSpec>(r#"{"id": "mail", "hots": 1}"#).expect_err("unknown key");
    assert!(strange.to_string().contains("hots"), "{strange}");
}
