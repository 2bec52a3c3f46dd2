//! Turns a pool's templates into the words of one message.

use super::plain_text::plain_text;

/// What a message is for, as triggers name it. It decides the template, and which placeholders mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// The code or link that confirms a sign-up.
    SignUp,
    /// The same once more.
    ResendCode,
    /// User name and temporary password of a user made by an administrator.
    AdminCreateUser,
    /// The code that resets a password.
    ForgotPassword,
    /// The code that verifies an attribute that was just changed.
    UpdateUserAttribute,
    /// The code that verifies an attribute, asked for by the user.
    VerifyUserAttribute,
    /// The code of a sign-in.
    Authentication,
    /// The notice that a sign-in carried a risk.
    AccountTakeOverNotification,
}

impl MessageKind {
    /// The word after `CustomMessage_` and `CustomEmailSender_`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "SignUp",
            Self::ResendCode => "ResendCode",
            Self::AdminCreateUser => "AdminCreateUser",
            Self::ForgotPassword => "ForgotPassword",
            Self::UpdateUserAttribute => "UpdateUserAttribute",
            Self::VerifyUserAttribute => "VerifyUserAttribute",
            Self::Authentication => "Authentication",
            Self::AccountTakeOverNotification => "AccountTakeOverNotification",
        }
    }
}

/// A pool's own texts; what is `None` is the service's default.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    /// `VerificationMessageTemplate.EmailMessage`.
    pub email_message: Option<String>,
    /// `VerificationMessageTemplate.EmailSubject`.
    pub email_subject: Option<String>,
    /// `VerificationMessageTemplate.EmailMessageByLink`.
    pub email_message_by_link: Option<String>,
    /// `VerificationMessageTemplate.EmailSubjectByLink`.
    pub email_subject_by_link: Option<String>,
    /// `VerificationMessageTemplate.SmsMessage`.
    pub sms_message: Option<String>,
    /// `AdminCreateUserConfig.InviteMessageTemplate.EmailMessage`.
    pub invite_email_message: Option<String>,
    /// `AdminCreateUserConfig.InviteMessageTemplate.EmailSubject`.
    pub invite_email_subject: Option<String>,
    /// `AdminCreateUserConfig.InviteMessageTemplate.SMSMessage`.
    pub invite_sms_message: Option<String>,
    /// `SmsAuthenticationMessage`.
    pub sms_authentication_message: Option<String>,
    /// `EmailMfaConfiguration.Message`.
    pub email_mfa_message: Option<String>,
    /// `EmailMfaConfiguration.Subject`.
    pub email_mfa_subject: Option<String>,
}

impl Templates {
    /// The same with these texts in place of every one of their sort; `None` changes nothing.
    #[must_use]
    pub fn with(
        self,
        email_subject: Option<String>,
        email_message: Option<String>,
        sms_message: Option<String>,
    ) -> Self {
        let (subject, message, sms) = (email_subject, email_message, sms_message);
        Self {
            email_message: message.clone().or(self.email_message),
            email_subject: subject.clone().or(self.email_subject),
            email_message_by_link: message.clone().or(self.email_message_by_link),
            email_subject_by_link: subject.clone().or(self.email_subject_by_link),
            sms_message: sms.clone().or(self.sms_message),
            invite_email_message: message.clone().or(self.invite_email_message),
            invite_email_subject: subject.clone().or(self.invite_email_subject),
            invite_sms_message: sms.clone().or(self.invite_sms_message),
            sms_authentication_message: sms.or(self.sms_authentication_message),
            email_mfa_message: message.or(self.email_mfa_message),
            email_mfa_subject: subject.or(self.email_mfa_subject),
        }
    }

    /// The same for a message without code: a text of an invitation that would tell one gives way to the default.
    #[must_use]
    pub fn without_code(self) -> Self {
        let tells = |text: &Option<String>| text.as_deref().is_some_and(|text| text.contains("{####}"));
        let (email, subject) = (tells(&self.invite_email_message), tells(&self.invite_email_subject));
        Self {
            invite_email_subject: self.invite_email_subject.filter(|_| !email && !subject),
            invite_email_message: self.invite_email_message.filter(|_| !email),
            invite_sms_message: self.invite_sms_message.filter(|text| !text.contains("{####}")),
            ..self
        }
    }
}

/// What placeholders stand for. A placeholder without a value stays as it is.
#[derive(Clone, Copy, Default)]
pub struct Values<'a> {
    /// `{####}`: a code or a temporary password.
    pub code: Option<&'a str>,
    /// `{username}`, in invitations.
    pub username: Option<&'a str>,
    /// Where `{##text##}` leads, in a verification by link.
    pub link: Option<&'a str>,
}

impl std::fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Values(..)")
    }
}

/// The words of an e-mail.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailText {
    /// One line.
    pub subject: String,
    pub html: String,
    /// The same for readers without HTML.
    pub text: String,
    /// Whether the words are the service's and not the pool's own.
    pub is_default: bool,
}

impl std::fmt::Debug for EmailText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailText(..)")
    }
}

/// The words of an e-mail of this kind. With a link it is the link that is told, and without a code an invitation is that
/// of a user without password.
pub fn email(kind: MessageKind, templates: &Templates, values: Values<'_>) -> EmailText {
    let (subject, message) = email_templates(kind, templates, values);
    let is_default = !message.is_own;
    let (code, link) = if is_default { (CODE_STYLE, BUTTON_STYLE) } else { ("", "") };
    let html = expand(message.words, kind, values, Markup::Html { code, link });
    let subject = one_line(&expand(subject.words, kind, values, Markup::None));
    EmailText { subject, text: plain_text(&html), html, is_default }
}

/// The words of a notice whose placeholders, such as `{ip-address}`, stand for these values. Of `html` and `text` one may
/// be missing.
pub fn notice(subject: &str, html: Option<&str>, text: Option<&str>, values: &[(&str, &str)]) -> EmailText {
    let written = |template: &str, escape: fn(&str) -> String| {
        let mut out = String::with_capacity(template.len() + 64);
        let mut rest = template;
        // In one pass, so that no value is expanded itself.
        while let Some(brace) = rest.find('{') {
            out.push_str(&rest[..brace]);
            rest = &rest[brace..];
            let found = values.iter().find_map(|(name, value)| Some((rest.strip_prefix(name)?, value)));
            if let Some((after, value)) = found {
                out.push_str(&escape(value));
                rest = after;
            } else {
                out.push('{');
                rest = &rest[1..];
            }
        }
        out + rest
    };
    let html = match (html, text) {
        (Some(html), _) => written(html, escape_html),
        (None, text) => escape_html(&written(text.unwrap_or_default(), str::to_owned)).replace('\n', "<br>"),
    };
    let text = text.map_or_else(|| plain_text(&html), |text| written(text, str::to_owned));
    EmailText { subject: one_line(&written(subject, str::to_owned)), html, text, is_default: false }
}

/// The words of a text message of this kind: one line without control characters.
pub fn sms(kind: MessageKind, templates: &Templates, values: Values<'_>) -> String {
    one_line(&expand(sms_template(kind, templates, values), kind, values, Markup::None))
}

/// The look of a code in the service's own texts.
const CODE_STYLE: &str = " class=\"code\" style=\"display:inline-block;padding:1px 9px;border-radius:7px;background:#eef1f7;\
                          color:#191c23;font:600 18px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;\
                          letter-spacing:1.5px\"";

/// The look of a link there.
const BUTTON_STYLE: &str = " class=\"button\" style=\"display:block;width:fit-content;margin:20px 0 0;padding:12px 24px;\
                            border-radius:9px;background:#2453d6;color:#ffffff;font-weight:600;text-decoration:none\"";

/// What values become.
#[derive(Clone, Copy)]
enum Markup {
    /// Themselves.
    None,
    /// Text of HTML, with these attributes around it; a code without any has no element of its own.
    Html { code: &'static str, link: &'static str },
}

/// A template, and whether it is the pool's own.
struct Template<'t> {
    words: &'t str,
    is_own: bool,
}

impl<'t> Template<'t> {
    fn new(own: Option<&'t str>, default: &'t str) -> Self {
        Self { words: own.unwrap_or(default), is_own: own.is_some() }
    }
}

fn email_templates<'t>(
    kind: MessageKind,
    templates: &'t Templates,
    values: Values<'_>,
) -> (Template<'t>, Template<'t>) {
    let (subject, default_subject, message, default_message) = match kind {
        MessageKind::SignUp | MessageKind::ResendCode if values.link.is_some() => (
            &templates.email_subject_by_link,
            "Your verification link",
            &templates.email_message_by_link,
            "Please click the link below to verify your email address. {##Verify Email##} ",
        ),
        MessageKind::AdminCreateUser => (
            &templates.invite_email_subject,
            if values.code.is_some() { "Your temporary password" } else { "Your username" },
            &templates.invite_email_message,
            invitation(values),
        ),
        MessageKind::Authentication => (
            &templates.email_mfa_subject,
            "Your authentication code",
            &templates.email_mfa_message,
            "Your authentication code is {####}",
        ),
        _ => (
            &templates.email_subject,
            "Your verification code",
            &templates.email_message,
            "Your verification code is {####}. ",
        ),
    };
    (Template::new(subject.as_deref(), default_subject), Template::new(message.as_deref(), default_message))
}

fn sms_template<'t>(kind: MessageKind, templates: &'t Templates, values: Values<'_>) -> &'t str {
    let (message, default) = match kind {
        MessageKind::AdminCreateUser => (&templates.invite_sms_message, invitation(values)),
        MessageKind::Authentication => (&templates.sms_authentication_message, "Your authentication code is {####}. "),
        _ => (&templates.sms_message, "Your verification code is {####}. "),
    };
    message.as_deref().unwrap_or(default)
}

fn invitation(values: Values<'_>) -> &'static str {
    match values.code {
        Some(_) => "Your username is {username} and temporary password is {####}. ",
        None => "Your username is {username}.",
    }
}

/// Replaces placeholders in one pass from left to right, so that a value that looks like a placeholder is never
/// expanded itself.
fn expand(template: &str, kind: MessageKind, values: Values<'_>, markup: Markup) -> String {
    let (escape, code_attributes, link_attributes): (fn(&str) -> String, _, _) = match markup {
        Markup::None => (str::to_owned, "", ""),
        Markup::Html { code, link } => (escape_html, code, link),
    };
    let username = values.username.filter(|_| kind == MessageKind::AdminCreateUser);
    let link = values.link;
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(brace) = rest.find('{') {
        out.push_str(&rest[..brace]);
        rest = &rest[brace..];
        if let (Some(after), Some(code)) = (rest.strip_prefix("{####}"), values.code) {
            if code_attributes.is_empty() {
                out.push_str(&escape(code));
            } else {
                out.extend(["<b", code_attributes, ">", &escape(code), "</b>"]);
            }
            rest = after;
        } else if let (Some(after), Some(username)) = (rest.strip_prefix("{username}"), username) {
            out.push_str(&escape(username));
            rest = after;
        } else if let (Some((text, after)), Some(link)) = (link_placeholder(rest), link) {
            // The text is the pool owner's own HTML; the link carries what the user typed.
            out.extend(["<a href=\"", &escape_html(link), "\"", link_attributes, ">", text, "</a>"]);
            rest = after;
        } else {
            out.push('{');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

fn link_placeholder(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("{##")?.split_once("##}")
}

fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Line breaks become spaces, other control characters go.
fn one_line(text: &str) -> String {
    text.replace("\r\n", " ")
        .chars()
        .map(|c| if matches!(c, '\r' | '\n' | '\t' | '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CODE: Values<'static> = Values { code: Some("123456"), username: None, link: None };

    fn unstyled(html: &str) -> String {
        html.replace(CODE_STYLE, "").replace(BUTTON_STYLE, "")
    }

    /// SECURITY rows 33 and 44: a notice's values are text, and never templates.
    #[test]
    fn notices_take_values_once() {
        let values = [("{city}", "<b>{ip-address}"), ("{ip-address}", "192.0.2.1\r\nBcc: x")];
        let composed = notice("In {city} {x}", Some("<p>{city}, {ip-address} {"), None, &values);
        assert_eq!(composed.subject, "In <b>{ip-address} {x}");
        assert!(composed.html.starts_with("<p>&lt;b&gt;{ip-address}, 192.0.2.1"), "{}", composed.html);
        assert!(composed.text.starts_with("<b>{ip-address}, 192.0.2.1"), "{}", composed.text);
        let plain = notice("{ip-address}", None, Some("a <b>\n{city}"), &values);
        assert!(!plain.subject.contains(['\r', '\n']));
        assert_eq!(plain.html, "a &lt;b&gt;<br>&lt;b&gt;{ip-address}");
    }

    #[test]
    fn defaults_are_the_services_texts() {
        let none = Templates::default();
        let verification = email(MessageKind::SignUp, &none, CODE);
        assert_eq!(verification.subject, "Your verification code");
        assert_eq!(verification.text, "Your verification code is 123456.");
        assert_eq!(unstyled(&verification.html), "Your verification code is <b>123456</b>. ");
        assert_eq!(sms(MessageKind::SignUp, &none, CODE), "Your verification code is 123456. ");
        assert_eq!(sms(MessageKind::Authentication, &none, CODE), "Your authentication code is 123456. ");
        let mfa = email(MessageKind::Authentication, &none, CODE);
        assert_eq!(
            (mfa.subject.as_str(), mfa.text.as_str()),
            ("Your authentication code", "Your authentication code is 123456")
        );

        let invitation = Values { code: Some("Temp-1"), username: Some("ada"), link: None };
        let invited = email(MessageKind::AdminCreateUser, &none, invitation);
        assert_eq!(invited.subject, "Your temporary password");
        assert_eq!(invited.text, "Your username is ada and temporary password is Temp-1.");
        assert_eq!(
            sms(MessageKind::AdminCreateUser, &none, Values { code: None, ..invitation }),
            "Your username is ada."
        );
    }

    #[test]
    fn link_becomes_an_anchor() {
        let values =
            Values { link: Some("https://a.example/confirmUser/?client_id=c&user_name=u"), ..Values::default() };
        let composed = email(MessageKind::SignUp, &Templates::default(), values);
        assert_eq!(composed.subject, "Your verification link");
        assert_eq!(
            unstyled(&composed.html),
            "Please click the link below to verify your email address. \
             <a href=\"https://a.example/confirmUser/?client_id=c&amp;user_name=u\">Verify Email</a> "
        );
        assert!(composed.text.contains("Verify Email (https://a.example/confirmUser/?client_id=c&user_name=u)"));
    }

    #[test]
    fn the_pools_own_texts_come_first() {
        let templates = Templates {
            email_message: Some("foo {####} bar {####}".into()),
            email_subject: Some("foobar {####}".into()),
            sms_message: Some("{####} baz".into()),
            ..Templates::default()
        };
        let composed = email(MessageKind::ForgotPassword, &templates, CODE);
        assert_eq!((composed.subject.as_str(), composed.html.as_str()), ("foobar 123456", "foo 123456 bar 123456"));
        assert_eq!(sms(MessageKind::UpdateUserAttribute, &templates, CODE), "123456 baz");
    }

    /// SECURITY row 33: nothing that a user typed is expanded as a template.
    #[test]
    fn values_are_never_templates() {
        let values = Values { code: Some("SECRET"), username: Some("{####}{##x##}{username}"), link: None };
        let templates = Templates { invite_sms_message: Some("{username} has {####}".into()), ..Templates::default() };
        assert_eq!(sms(MessageKind::AdminCreateUser, &templates, values), "{####}{##x##}{username} has SECRET");
        assert_eq!(
            email(MessageKind::AdminCreateUser, &Templates::default(), values).text,
            "Your username is {####}{##x##}{username} and temporary password is SECRET."
        );
    }

    /// SECURITY row 44: values are text in HTML, and no value starts a new header line.
    #[test]
    fn markup_and_line_breaks_are_taken_away() {
        let values = Values {
            code: Some("<b>&\"'"),
            username: Some("<script>alert(1)</script>\r\nBcc: victim@example.com"),
            link: None,
        };
        let templates =
            Templates { invite_email_subject: Some("Hello {username}\r\nX: 1".into()), ..Templates::default() };
        let composed = email(MessageKind::AdminCreateUser, &templates, values);
        assert!(!composed.html.contains("<script>"));
        assert!(composed.html.contains("&lt;b&gt;&amp;&quot;&#39;"));
        assert!(!composed.subject.contains(['\r', '\n']));
        assert!(!sms(MessageKind::AdminCreateUser, &Templates::default(), values).contains(['\r', '\n']));
        let link = Values { link: Some("https://a.example/?user_name=\"><script>"), ..values };
        assert!(!email(MessageKind::SignUp, &Templates::default(), link).html.contains("<script>"));
    }

    #[test]
    fn placeholders_without_a_meaning_stay() {
        let templates =
            Templates { email_message: Some("{username} {##x##} {####} { {#".into()), ..Templates::default() };
        let values = Values { username: Some("ada"), ..CODE };
        assert_eq!(email(MessageKind::SignUp, &templates, values).html, "{username} {##x##} 123456 { {#");
    }

    proptest! {
        #[test]
        fn any_template_composes(template in "(\\{|\\}|#|\\{####\\}|\\{##|##\\}|\\{username\\}|é|\\PC){0,40}", code in "\\PC{0,12}") {
            let templates = Templates { email_message_by_link: Some(template.clone()), sms_message: Some(template), ..Templates::default() };
            let values = Values { code: Some(&code), username: Some(&code), link: Some(&code) };
            email(MessageKind::SignUp, &templates, values);
            let text = sms(MessageKind::SignUp, &templates, values);
            prop_assert!(!text.contains(char::is_control));
        }
    }
}
