//! An SMTP server that keeps what it is sent: real TCP, enough of RFC 5321 for a mail client to believe it.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Most bytes of a line, and of a message, that the server reads.
const LONGEST: u64 = 1024 * 1024;

/// A message as it went over the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SmtpMessage {
    /// The address of `MAIL FROM`.
    pub from: String,
    /// The addresses of `RCPT TO`.
    pub to: Vec<String>,
    /// Headers and body, with dots unstuffed.
    pub data: String,
}

/// The server, listening on a free port of 127.0.0.1 until dropped. Recipients that begin with `refused` get a 550,
/// and every AUTH a 535.
#[derive(Debug)]
pub struct SmtpTrap {
    port: u16,
    messages: Arc<Mutex<Vec<SmtpMessage>>>,
    accepting: JoinHandle<()>,
}

impl SmtpTrap {
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let messages = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&messages);
        let accepting = tokio::spawn(async move {
            let mut conversations = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                conversations.spawn(async move { converse(stream, &kept).await });
            }
        });
        Self { port, messages, accepting }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What was taken so far, oldest first.
    pub fn messages(&self) -> Vec<SmtpMessage> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for SmtpTrap {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn converse(stream: TcpStream, kept: &Mutex<Vec<SmtpMessage>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut message = SmtpMessage::default();
    stream.write_all(b"220 trap ESMTP\r\n").await?;
    while let Some(line) = line(&mut stream).await? {
        let command = line.trim_end();
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-trap\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 SMTPUTF8",
            "HELO" | "NOOP" => "250 trap",
            "RSET" => {
                message = SmtpMessage::default();
                "250 reset"
            }
            "AUTH" => "535 5.7.8 authentication credentials invalid",
            "MAIL" => {
                message = SmtpMessage { from: address(command), ..SmtpMessage::default() };
                "250 sender taken"
            }
            "RCPT" if address(command).starts_with("refused") => "550 5.1.1 no such user here",
            "RCPT" => {
                message.to.push(address(command));
                "250 recipient taken"
            }
            "DATA" if message.to.is_empty() => "503 5.5.1 no recipient",
            "DATA" => {
                stream.write_all(b"354 end with a dot\r\n").await?;
                message.data = data(&mut stream).await?;
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut message));
                "250 message taken"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 5.5.1 command not known",
        };
        stream.write_all(answer.as_bytes()).await?;
        stream.write_all(b"\r\n").await?;
    }
    Ok(())
}

async fn line(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = (&mut *stream).take(LONGEST).read_line(&mut line).await?;
    Ok((read > 0).then_some(line))
}

async fn data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut data = String::new();
    while let Some(line) = line(stream).await? {
        if line == ".\r\n" || data.len() as u64 > LONGEST {
            break;
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
    Ok(data)
}

fn address(command: &str) -> String {
    command.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(address, _)| address).to_owned()
}
