//! What a pool says in its messages: its own texts, and the link that confirms a sign-up.

use cognate_shapes::enums::DefaultEmailOption;
use url::form_urlencoded;

use crate::context::Context;
use crate::directory::Pool;
use crate::messages::Templates;

/// The pool's own texts.
pub fn templates(pool: &Pool) -> Templates {
    let settings = &pool.settings;
    let verification = settings.verification_message_template.clone().unwrap_or_default();
    let config = settings.admin_create_user_config.as_ref();
    let invitation = config.and_then(|config| config.invite_message_template.clone()).unwrap_or_default();
    let mfa = pool.further.email_mfa_configuration.as_ref();
    let text = |scalar: Option<&str>| scalar.map(str::to_owned);
    let (email, subject) = (&settings.email_verification_message, &settings.email_verification_subject);
    Templates {
        email_message: text(verification.email_message.as_deref().or(email.as_deref())),
        email_subject: text(verification.email_subject.as_deref().or(subject.as_deref())),
        email_message_by_link: text(verification.email_message_by_link.as_deref()),
        email_subject_by_link: text(verification.email_subject_by_link.as_deref()),
        sms_message: text(verification.sms_message.as_deref().or(settings.sms_verification_message.as_deref())),
        invite_email_message: text(invitation.email_message.as_deref()),
        invite_email_subject: text(invitation.email_subject.as_deref()),
        invite_sms_message: text(invitation.sms_message.as_deref()),
        sms_authentication_message: text(settings.sms_authentication_message.as_deref()),
        email_mfa_message: text(mfa.and_then(|mfa| mfa.message.as_deref())),
        email_mfa_subject: text(mfa.and_then(|mfa| mfa.subject.as_deref())),
    }
}

/// Whether the pool's sign-ups are confirmed by a link.
pub fn confirms_by_link(pool: &Pool) -> bool {
    let template = pool.settings.verification_message_template.as_ref();
    template.and_then(|template| template.default_email_option) == Some(DefaultEmailOption::ConfirmWithLink)
}

/// The address that confirms a sign-up. Its host is the configuration's, never a request's.
pub fn confirmation_link(cx: &Context, pool: &Pool, client_id: &str, username: &str, code: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", client_id)
        .append_pair("user_name", username)
        .append_pair("confirmation_code", code)
        .finish();
    format!("{}/{}/confirmUser?{query}", cx.config.server.public_url, pool.id)
}
