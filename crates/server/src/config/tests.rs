//! What the configuration promises: later layers win, misspelt keys are named, secrets stay hidden.

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Overlay {
    Overlay {
        environment: pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        ..Overlay::default()
    }
}

fn file(text: &str) -> (tempfile::NamedTempFile, Overlay) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let overlay = Overlay { file: Some(file.path().to_owned()), ..Overlay::default() };
    (file, overlay)
}

fn refused(overlay: &Overlay) -> String {
    Config::serve(overlay).unwrap_err().to_string()
}

/// SECURITY row 58: loopback unless told otherwise, signatures checked unless told otherwise.
#[test]
fn serve_is_safe_by_default() {
    let config = Config::serve(&Overlay::default()).unwrap();
    assert!(config.server.listen.ip().is_loopback());
    assert!(config.server.metrics_listen.unwrap().ip().is_loopback());
    assert!(config.aws.verify_signatures);
    assert!(!config.inbox());
}

#[test]
fn dev_differs_in_defaults() {
    let config = Config::dev(&DevData::Directory("somewhere".into()), &Overlay::default()).unwrap();
    assert!(!config.aws.verify_signatures);
    assert!(config.inbox());
    assert_eq!(config.store.url.expose(), "sqlite:somewhere/cognate.db");
    assert_eq!(config.keys.master_key_file.as_deref(), Some(Path::new("somewhere/master.key")));

    let memory = Config::dev(&DevData::Memory, &Overlay::default()).unwrap();
    assert!(memory.store.is_memory());
    assert_eq!(memory.keys.master_key_file, None);
}

#[test]
fn later_layers_win() {
    let (_file, mut overlay) =
        file("[server]\nlisten = \"127.0.0.1:1\"\nmax_connections = 7\n[log]\nlevel = \"warn\"\n");
    overlay.environment = vec![
        ("COGNATE_SERVER__LISTEN".into(), "127.0.0.1:2".into()),
        ("COGNATE_SERVER__HEADER_TIMEOUT_S".into(), "3".into()),
    ];
    overlay.flag("--listen", "server.listen", "127.0.0.1:3");
    let config = Config::serve(&overlay).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.server.max_connections, 7);
    assert_eq!(config.server.header_timeout, Duration::from_secs(3));
    assert_eq!(config.log.level, "warn");
    assert_eq!(config.origin("server.listen"), Some(&Origin::Flag("--listen".into())));
    assert_eq!(config.origin("server.public_url"), Some(&Origin::Default));
}

#[test]
fn unknown_keys_are_errors_that_name_the_nearest() {
    let (_file, overlay) = file("[server]\nlisten_adress = \"127.0.0.1:1\"\n");
    let message = refused(&overlay);
    assert!(message.starts_with("there is no key server.listen_adress (from "), "{message}");
    let (_file, overlay) = file("[server]\nmax_body_byte = 1\n");
    assert!(refused(&overlay).ends_with("did you mean server.max_body_bytes?"));
    assert_eq!(
        refused(&environment(&[("COGNATE_STORE__URI", "x")])),
        "there is no key store.uri (from COGNATE_STORE__URI); did you mean store.url?"
    );
    let (_file, overlay) = file("[serve]\nlisten = \"127.0.0.1:1\"\n");
    assert!(refused(&overlay).starts_with("there is no key serve (from "));
}

#[test]
fn values_of_the_wrong_kind_name_their_key_and_source() {
    assert_eq!(
        refused(&environment(&[("COGNATE_LIMITS__GROUPS_PER_USER", "many")])),
        "limits.groups_per_user (from COGNATE_LIMITS__GROUPS_PER_USER): takes a whole number"
    );
    assert_eq!(
        refused(&environment(&[("COGNATE_THREAT__EVENT_DAYS", "-1")])),
        "threat.event_days (from COGNATE_THREAT__EVENT_DAYS): -1 is not a whole number from 0 to 4294967295"
    );
    let message = refused(&environment(&[("COGNATE_MAIL__SMTP_PORT", "70000")]));
    assert!(message.ends_with("70000 is not a whole number from 0 to 65535"), "{message}");
    let message = refused(&environment(&[("COGNATE_SERVER__LISTEN", "here")]));
    assert!(message.starts_with("server.listen (from COGNATE_SERVER__LISTEN): "), "{message}");
    let message = refused(&environment(&[("COGNATE_MAIL__TRANSPORT", "pigeon")]));
    assert!(message.starts_with("mail.transport (from COGNATE_MAIL__TRANSPORT): "), "{message}");
    let message = refused(&environment(&[("COGNATE_SERVER__METRICS_LISTEN", "here")]));
    assert!(message.starts_with("server.metrics_listen (from"), "{message}");
}

/// SECURITY row 58: a server that takes any credentials cannot be reached from elsewhere.
#[test]
fn unverified_signatures_need_loopback() {
    let open = [("COGNATE_AWS__VERIFY_SIGNATURES", "false"), ("COGNATE_SERVER__LISTEN", "0.0.0.0:9229")];
    assert!(refused(&environment(&open)).contains("anyone could administer"));
    assert!(Config::dev(&DevData::Memory, &environment(&open[1..])).is_err());
    assert!(Config::serve(&environment(&open[..1])).is_ok());
    assert!(Config::serve(&environment(&open[1..])).is_ok());
}

#[test]
fn values_that_contradict_are_refused() {
    for (name, value, part) in [
        ("COGNATE_SERVER__TLS_CERT", "a.pem", "set both or neither"),
        ("COGNATE_SERVER__PUBLIC_URL", "login.example.com", "is not a URL"),
        ("COGNATE_SERVER__PUBLIC_URL", "https://login.example.com/", "is not a URL"),
        ("COGNATE_AWS__ACCOUNT", "12345678901a", "12 digits"),
        ("COGNATE_AWS__REGION", "us_east", "is not a region"),
        ("COGNATE_AWS__ISSUER", "https://example.com", "{poolId}"),
        ("COGNATE_MAIL__TRANSPORT", "smtp", "name the SMTP server"),
        ("COGNATE_MAIL__FROM", "no one", "mail.from"),
        ("COGNATE_KEYS__MASTER_KEY_FILE", "", "needs a master key"),
        ("COGNATE_SERVER__MAX_BODY_BYTES", "1", "takes 1024"),
        ("COGNATE_SERVER__BODY_TIMEOUT_S", "0", "at least one second"),
        ("COGNATE_LOG__LEVEL", "no=such=level", "log.level"),
    ] {
        let message = refused(&environment(&[(name, value)]));
        assert!(message.contains(part), "{name}={value}: {message}");
    }
}

/// SECURITY row 45: what is secret is neither in `Debug` nor in what `cognate config` prints, nor in errors.
#[test]
fn secrets_stay_hidden() {
    let overlay = environment(&[
        ("COGNATE_MASTER_KEY", "hunter2-key"),
        ("COGNATE_MAIL__SMTP_PASSWORD", "hunter2-mail"),
        ("COGNATE_STORE__URL", "postgres://cognate:hunter2-db@db/cognate?password=hunter2-q"),
    ]);
    let config = Config::serve(&overlay).unwrap();
    assert_eq!(config.keys.master_key.as_ref().unwrap().expose(), "hunter2-key");
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(!config.effective().contains("hunter2"), "{}", config.effective());
    assert!(config.effective().contains("postgres://cognate:[redacted]@db/cognate"));

    let (_file, overlay) = file("[mail]\nsmtp_password = hunter2\n");
    assert!(!refused(&overlay).contains("hunter2"));
}

/// SECURITY row 45: nor is any key whose type is a secret, or the query of a URL, whoever adds one.
#[test]
fn every_secret_key_stays_hidden() {
    let defaults = Layers::defaults(DEFAULTS).unwrap();
    let mut hidden = Vec::new();
    for (section, content) in DEFAULTS.parse::<toml::Table>().unwrap() {
        for (name, default) in content.as_table().unwrap() {
            let key = format!("{section}.{name}");
            if !default.is_str() {
                continue;
            }
            let mut layers = defaults.clone();
            layers.set(&key, "https://u:hunter2@h/p", &Origin::Flag("--set".into())).unwrap();
            // Addresses and words of a list take no such text.
            let Ok(config) = layers.deserialize::<Config>() else { continue };
            if !format!("{config:?}").contains("hunter2") {
                assert!(!layers.effective().contains("hunter2"), "{key}");
                hidden.push(key.clone());
                layers.set(&key, "hunter2", &Origin::Flag("--set".into())).unwrap();
                assert!(key == "store.url" || !layers.effective().contains("hunter2"), "{key}");
            }
        }
    }
    for key in ["keys.master_key", "mail.smtp_password", "mail.webhook_secret", "sms.webhook_secret", "store.url"] {
        assert!(hidden.iter().any(|hidden| hidden == key), "{key} among {hidden:?}");
    }
    assert_eq!(hidden.len(), 7, "{hidden:?}");

    let function = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let webhooks =
        format!("{{ {function:?} = {{ url = 'https://h.example?token=hunter2', secret = 'hunter2-hunter2-' }} }}");
    let config = Config::serve(&environment(&[
        ("COGNATE_MAIL__WEBHOOK_URL", "https://mail.example/x?token=hunter2"),
        ("COGNATE_SMS__WEBHOOK_URL", "https://sms:hunter2@sms.example"),
        ("COGNATE_TRIGGERS__WEBHOOKS", &webhooks),
    ]));
    let shown = config.unwrap().effective();
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("https://mail.example/x?[redacted]") && shown.contains("https://h.example?["), "{shown}");
    assert!(!refused(&environment(&[("COGNATE_TRIGGERS__ENDPOINT", "http://u:hunter2@h")])).contains("hunter2"));
}

/// SECURITY row 45: what is wrong with a function is said with its file, its ARN and an example, and not with its value.
#[test]
fn functions_of_the_wrong_form_are_named() {
    const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";
    for (text, part) in [
        (
            format!("[triggers.commands]\n{ARN:?} = \"node hunter2.mjs\"\n"),
            format!("{ARN:?} takes a program and its arguments, such as [\"node\", \"check.mjs\"]"),
        ),
        (
            format!("[triggers.webhooks]\n{ARN:?} = \"https://h/hunter2\"\n"),
            format!("{ARN:?} takes a table such as {{ url"),
        ),
        (
            "[triggers.webhooks.\"not-an-arn\"]\nurl = \"https://h.example\"\nsecret = \"hunter2-hunter2-\"\n"
                .to_owned(),
            "\"not-an-arn\" is not the ARN of a Lambda function, such as arn:aws:lambda:".to_owned(),
        ),
        (
            "[triggers.commands]\n\"arn:aws:sqs:us-east-1:000000000000:q\" = [\"x\"]\n".to_owned(),
            "is not the ARN".to_owned(),
        ),
    ] {
        let (file, overlay) = file(&text);
        let message = refused(&overlay);
        let section = text.split(['[', ']']).nth(1).unwrap().split(".\"").next().unwrap();
        assert!(message.starts_with(&format!("{section} (from {}): ", file.path().display())), "{message}");
        assert!(message.contains(&part) && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn issuer_is_made_from_the_template() {
    let mut config =
        Config::serve(&environment(&[("COGNATE_SERVER__PUBLIC_URL", "https://login.example.com")])).unwrap();
    assert_eq!(config.issuer("eu-west-1_AbCdEfGhI"), "https://login.example.com/eu-west-1_AbCdEfGhI");
    config.aws.issuer = "aws".into();
    assert_eq!(config.issuer("eu-west-1_AbCdEfGhI"), "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI");
}

#[test]
fn bound_address_becomes_the_public_url_unless_named() {
    let mut config = Config::dev(&DevData::Memory, &Overlay::default()).unwrap();
    config.bound("127.0.0.1:4000".parse().unwrap());
    assert_eq!(config.server.public_url, "http://127.0.0.1:4000");
    let mut named = Config::serve(&environment(&[("COGNATE_SERVER__PUBLIC_URL", "https://a.example")])).unwrap();
    named.bound("127.0.0.1:4000".parse().unwrap());
    assert_eq!(named.server.public_url, "https://a.example");
}

/// The defaults hold exactly the keys that the server reads, each with a comment, and `effective` reads back.
#[test]
fn the_reference_covers_every_key() {
    let reference = reference_markdown().unwrap();
    let config = Config::serve(&Overlay::default()).unwrap();
    for (section, content) in config.effective().parse::<toml::Table>().unwrap() {
        for key in content.as_table().unwrap().keys() {
            assert!(reference.contains(&format!("### `{section}.{key}`")), "{section}.{key}");
        }
    }
    assert!(reference.contains("under `cognate dev` `\"inbox\"`"));
}
