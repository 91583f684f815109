//! A connection to an MQTT broker (3.1.1): CONNECT must be answered with an accepting CONNACK.

use super::conversation::{open, required};
use super::{Asking, Judgement, Trouble};
use pantau_shared::assignment::kinds::{Login, MqttCheck};
use pantau_shared::probe::ProbePhase;

const DISCONNECT: &[u8] = &[0xe0, 0];

/// Connects with a clean session and disconnects.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &MqttCheck) -> Result<Judgement, Trouble> {
    let endpoint = required(asking, check.endpoint.as_ref())?;
    let login = check.login.clone().unwrap_or_default();
    let secret = match login.secret.as_str() {
        "" => None,
        name => Some(asking.site.read_secret(&endpoint.host, name).await?),
    };
    let connect = render_connect(&login, secret.as_deref()).ok_or_else(|| asking.refuse("login is too long"))?;
    let mut conversation = open(asking, endpoint, (1883, 8883)).await?;
    conversation.send(&connect).await?;
    let answer = conversation.read_exact(asking, 4, "an acknowledgement of the connection").await?;
    conversation.part(DISCONNECT).await;
    Ok(judge(&answer, !login.user.is_empty()))
}

/// CONNECT with protocol level 4, a clean session, no client id (the broker gives one) and 30 s keep-alive.
fn render_connect(login: &Login, secret: Option<&str>) -> Option<Vec<u8>> {
    let mut flags = 0x02;
    let mut payload = vec![0, 0];
    let mut push = |text: &str| {
        payload.extend_from_slice(&u16::try_from(text.len()).ok()?.to_be_bytes());
        payload.extend_from_slice(text.as_bytes());
        Some(())
    };
    if !login.user.is_empty() {
        flags |= 0x80;
        push(&login.user)?;
        if let Some(secret) = secret {
            flags |= 0x40;
            push(secret)?;
        }
    }
    let mut body = b"\0\x04MQTT\x04".to_vec();
    body.extend_from_slice(&[flags, 0, 30]);
    body.append(&mut payload);
    let mut packet = vec![0x10];
    prost::encoding::encode_varint(body.len() as u64, &mut packet);
    packet.append(&mut body);
    Some(packet)
}

/// A broker that wants a login it was not given has answered well.
fn judge(answer: &[u8], logged_in: bool) -> Judgement {
    let &[0x20, 2, _, code] = answer else {
        let reason = format!("answered with `{}`, which is no MQTT", hex::encode(answer));
        return Judgement::failed(ProbePhase::FirstByte, reason);
    };
    let reason = match code {
        0 => return Judgement::ok(),
        4 | 5 if !logged_in => return Judgement::ok(),
        1 => "broker does not speak MQTT 3.1.1",
        2 => "broker refuses the client's name",
        3 => "broker says that it is not available",
        4 => "broker refuses user or password",
        5 => "broker does not permit the connection",
        _ => "broker refuses the connection",
    };
    Judgement::failed(ProbePhase::Handshake, format!("{reason} (code {code})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_as_brokers_send_them() {
        assert_eq!(judge(&[0x20, 2, 0, 0], true), Judgement::ok());
        assert_eq!(judge(&[0x20, 2, 0, 5], false), Judgement::ok());
        assert_eq!(judge(&[0x20, 2, 0, 5], true).phase, ProbePhase::Handshake);
        assert_eq!(judge(&[0x20, 2, 0, 3], false).reason, "broker says that it is not available (code 3)");
        assert_eq!(judge(b"HTTP", false).phase, ProbePhase::FirstByte);
    }

    #[test]
    fn a_connect_is_as_the_standard_draws_it() {
        let plain = render_connect(&Login::default(), None).expect("fits");
        assert_eq!(plain, b"\x10\x0c\0\x04MQTT\x04\x02\0\x1e\0\0");
        let login = Login { user: "u".into(), secret: "x".into() };
        let packet = render_connect(&login, Some("pw")).expect("fits");
        assert_eq!(packet, b"\x10\x13\0\x04MQTT\x04\xc2\0\x1e\0\0\0\x01u\0\x02pw");
        let long = Login { user: "u".repeat(70_000), secret: String::new() };
        assert_eq!(render_connect(&long, None), None);
    }
}
