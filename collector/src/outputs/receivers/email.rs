//! Mail over SMTP: one mail per event, text and HTML, in one thread per ticket.
//!
//! The Message-ID is fixed by ticket, version and receiver, so a mail that is sent once more is the same mail. The first
//! event has the ticket's own id, and every later one refers to it (`In-Reply-To`, `References`).
//!
//! With `starttls` and `tls` nothing is said before the server has proved its name by a certificate of the system's
//! authorities or of `ca_file`: no login, no address, no mail. A server that offers no STARTTLS gets nothing.

use super::ReceiverError;
use super::http::chain;
use super::secret;
use super::told::{Told, Turn};
use crate::config::receivers::{EmailSettings, MailSecurity};
use crate::engine::deliver::Sent;
use crate::store::records::{DueMessage, ExternalReference};
use askama::Template;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use pantau_shared::timestamp::Timestamp;
use std::time::{Duration, SystemTime};

/// One command of the dialogue takes at most so long.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A mail server and whom it is given mail for.
pub(super) struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

/// A mail has no style sheet, so its styles stand inline; `.htm` says that it is no page and not under the pages' rule.
#[derive(Template)]
#[template(path = "mail.htm")]
struct Page<'a> {
    headline: &'a str,
    colour: &'static str,
    number: &'a str,
    facts: &'a [(String, String)],
    foot: &'a str,
}

impl Email {
    pub(super) fn new(name: &str, settings: &EmailSettings) -> Result<Self, ReceiverError> {
        let bad =
            |source: Box<dyn std::error::Error + Send + Sync>| ReceiverError::Mail { name: name.to_owned(), source };
        let address = |text: &String| text.parse::<Mailbox>().map_err(|error| bad(Box::new(error)));
        let tls = || {
            let mut parameters = TlsParameters::builder(settings.server.clone());
            if let Some(file) = &settings.ca_file {
                let pem = std::fs::read(file).map_err(|error| bad(Box::new(error)))?;
                parameters = parameters.add_root_certificate(authority(&pem).map_err(bad)?);
            }
            parameters.build().map_err(|error| bad(Box::new(error)))
        };
        let security = match settings.security {
            MailSecurity::None => Tls::None,
            MailSecurity::Starttls => Tls::Required(tls()?),
            MailSecurity::Tls => Tls::Wrapper(tls()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.server)
            .port(settings.port)
            .tls(security)
            .timeout(Some(TIMEOUT));
        if let (Some(user), Some(file)) = (&settings.username, &settings.password_file) {
            builder = builder.credentials(Credentials::new(user.clone(), secret::read(file, 1)?));
        }
        let to = settings.to.iter().map(address).collect::<Result<_, _>>()?;
        Ok(Self { transport: builder.build(), from: address(&settings.from)?, to })
    }

    pub(super) async fn send(&self, due: &DueMessage, now: Timestamp) -> Sent {
        let told = match Told::read(due) {
            Ok(told) => told,
            Err(sent) => return sent,
        };
        let domain = self.from.email.domain();
        let first = format!("<{}.{}@{domain}>", told.nomor, due.row.message.target);
        let mail = match self.mail(&told, &first, due.reference.is_some(), now) {
            Ok(mail) => mail,
            Err(error) => return Sent::Rejected(chain(&*error)),
        };
        match self.transport.send(mail).await {
            Ok(_) => Sent::Delivered(Some(ExternalReference { reference: first, url: None })),
            // 4xx, no answer and no connection pass; 5xx is the server's last word on this mail.
            Err(error) if error.is_permanent() => Sent::Rejected(error.to_string()),
            Err(error) => Sent::later(error.to_string()),
        }
    }

    fn mail(
        &self,
        told: &Told,
        first: &str,
        later: bool,
        now: Timestamp,
    ) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
        let sent_at = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now.as_secs()).unwrap_or(0));
        let mut builder = Message::builder().from(self.from.clone()).subject(told.title()).date(sent_at);
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        builder = if later {
            let own = first.replacen('@', &format!(".{}@", told.version), 1);
            builder.message_id(Some(own)).in_reply_to(first.to_owned()).references(first.to_owned())
        } else {
            builder.message_id(Some(first.to_owned()))
        };
        let (headline, facts, foot) = (told.headline(), told.facts(), super::told::texts().get("delivery-mail-foot"));
        let colour = match told.turn() {
            Turn::News | Turn::Recurred => "#b42318",
            Turn::Restored | Turn::Confirmed => "#067647",
            Turn::Ended => "#475467",
        };
        let page = Page { headline: &headline, colour, number: &told.nomor, facts: &facts, foot: &foot };
        Ok(builder.multipart(MultiPart::alternative_plain_html(told.text(), page.render()?))?)
    }
}

/// An authority's certificate.
pub(super) fn authority(pem: &[u8]) -> Result<Certificate, Box<dyn std::error::Error + Send + Sync>> {
    let text = std::str::from_utf8(pem)?;
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err("no certificate in it".into());
    }
    Ok(Certificate::from_pem(pem)?)
}

#[cfg(test)]
mod tests {
    use super::super::told::tests::due;
    use super::*;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

    fn email(port: u16) -> Email {
        let settings = EmailSettings {
            server: "127.0.0.1".into(),
            port,
            security: MailSecurity::None,
            ca_file: None,
            from: "Pantau <pantau@bangka.go.id>".into(),
            to: vec!["piket@bangka.go.id".into()],
            username: None,
            password_file: None,
        };
        Email::new("surat", &settings).expect("valid")
    }

    fn written(event: &str, version: u32, later: bool) -> String {
        let told = Told::read(&due(event, version, None)).expect("a ticket");
        let mail = email(25).mail(&told, "<SPBE-GGN-2026-0007.surat@bangka.go.id>", later, Timestamp::from_secs(1));
        String::from_utf8(mail.expect("a mail").formatted()).expect("text")
    }

    #[test]
    fn mails_of_a_ticket_make_one_thread_with_fixed_ids() {
        let first = written("opened", 1, false);
        assert!(first.contains("Message-ID: <SPBE-GGN-2026-0007.surat@bangka.go.id>"), "{first}");
        assert!(!first.contains("In-Reply-To"));
        let later = written("restored", 3, true);
        assert!(later.contains("Message-ID: <SPBE-GGN-2026-0007.surat.3@bangka.go.id>"), "{later}");
        assert!(later.contains("In-Reply-To: <SPBE-GGN-2026-0007.surat@bangka.go.id>"), "{later}");
        assert!(later.contains("References: <SPBE-GGN-2026-0007.surat@bangka.go.id>"), "{later}");
        assert!(later.contains("text/plain") && later.contains("text/html"));
    }

    /// A mail server of six lines: the answers in their order, each to one command or to the mail's end.
    async fn server(answers: &'static [&'static str]) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = listener.local_addr().expect("an address").port();
        let serving = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("accepts");
            let mut stream = BufReader::new(stream);
            let (mut got, mut data) = (String::new(), false);
            stream.write_all(b"220 uji\r\n").await.expect("writes");
            for answer in answers {
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).await.expect("reads") == 0 {
                        return got;
                    }
                    got += &line;
                    if !data || line == ".\r\n" {
                        break;
                    }
                }
                data = answer.starts_with("354");
                stream.write_all(format!("{answer}\r\n").as_bytes()).await.expect("writes");
            }
            got
        });
        (port, serving)
    }

    #[tokio::test]
    async fn a_mail_is_taken_or_refused_for_good_or_not_now() {
        let said = [
            (&["250 uji", "250 ok", "250 ok", "354 go", "250 taken", "221 bye"][..], "taken"),
            (&["250 uji", "250 ok", "450 busy", "250 ok", "221 bye"], "later"),
            (&["250 uji", "250 ok", "550 no such user", "250 ok", "221 bye"], "never"),
        ];
        for (answers, expected) in said {
            let (port, serving) = server(answers).await;
            let sent = email(port).send(&due("opened", 1, None), Timestamp::from_secs(1)).await;
            let word = match sent {
                Sent::Delivered(Some(_)) => "taken",
                Sent::RetryLater { .. } => "later",
                Sent::Rejected(_) => "never",
                Sent::Delivered(None) => "nowhere",
            };
            assert_eq!(word, expected);
            serving.abort();
        }
    }
}
