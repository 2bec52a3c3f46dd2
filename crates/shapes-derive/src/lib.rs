//! `#[derive(Input)]` and `#[derive(Output)]` for structures of the wire.
//!
//! A field named `user_pool_id` is the member `UserPoolId`; `#[wire("CallbackURLs")]` says so where that rule does not
//! hold; `#[wire(sensitive)]` on a structure keeps its values out of messages. A field without `Option` is required in a
//! request. `Output` leaves absent members out. The members of a `#[wire(flatten)]` field stand among the structure's own.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Fields, LitStr, Type, parse_macro_input};

/// Derives `Described` and `Input`: reads every member even after a violation.
#[proc_macro_derive(Input, attributes(wire))]
pub fn input(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    expand(&item, input_impl).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Derives `serde::Serialize`, and `Described` unless `#[wire(both)]` says that `Input` is derived too.
#[proc_macro_derive(Output, attributes(wire))]
pub fn output(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    expand(&item, output_impl).unwrap_or_else(|error| error.to_compile_error()).into()
}

struct Member<'a> {
    field: &'a syn::Ident,
    wire: String,
    /// The type without its `Option`.
    inner: &'a Type,
    optional: bool,
    /// Whether its members stand in its place.
    flat: bool,
}

fn expand(item: &DeriveInput, write: fn(&DeriveInput, &[Member<'_>]) -> Tokens) -> syn::Result<Tokens> {
    let Data::Struct(structure) = &item.data else {
        return Err(Error::new_spanned(item, "only structures have members"));
    };
    let mut members = Vec::new();
    match &structure.fields {
        Fields::Named(fields) => {
            for field in &fields.named {
                let ident = field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, "a member needs a name"))?;
                let mut wire = pascal(&ident.to_string());
                let flat = says(&field.attrs, "flatten");
                for attribute in field.attrs.iter().filter(|_| !flat) {
                    if attribute.path().is_ident("wire") {
                        wire = attribute.parse_args::<LitStr>()?.value();
                    }
                }
                let (inner, optional) = if flat { (&field.ty, false) } else { unwrap_option(&field.ty) };
                members.push(Member { field: ident, wire, inner, optional, flat });
            }
        }
        Fields::Unit => {}
        Fields::Unnamed(_) => return Err(Error::new_spanned(item, "members have names")),
    }
    Ok(write(item, &members))
}

fn described(item: &DeriveInput, members: &[Member<'_>]) -> Tokens {
    let name = &item.ident;
    let sensitive = says(&item.attrs, "sensitive");
    let described = members.iter().map(|Member { wire, inner, optional, flat, .. }| {
        let shape = quote!(<#inner as ::cognate_shapes::Described>::shape());
        if *flat {
            return quote!(#shape.members().to_vec());
        }
        let required = !optional;
        quote!(vec![::cognate_shapes::Member { name: #wire, required: #required, shape: #shape }])
    });
    quote! {
        impl ::cognate_shapes::Described for #name {
            fn shape() -> ::cognate_shapes::Shape {
                let members = <[::std::vec::Vec<::cognate_shapes::Member>]>::concat(&[#(#described),*]);
                ::cognate_shapes::Shape::Structure { members, sensitive: #sensitive }
            }
        }
    }
}

fn input_impl(item: &DeriveInput, members: &[Member<'_>]) -> Tokens {
    let name = &item.ident;
    let sensitive = says(&item.attrs, "sensitive");
    let fields: Vec<_> = members.iter().map(|member| member.field).collect();
    let reads = members.iter().map(|Member { field, wire, inner, optional, flat }| {
        let read = if *optional { quote!(optional) } else { quote!(required) };
        let read = if *flat {
            quote!(<#inner as ::cognate_shapes::input::ReadMembers>::read(members, at, found))
        } else {
            quote!(members.#read::<#inner>(#wire, at, found))
        };
        if sensitive { quote!(let #field = found.hiding(|found| #read)?;) } else { quote!(let #field = #read?;) }
    });
    let described = described(item, members);
    quote! {
        #described

        impl ::cognate_shapes::Input for #name {
            fn parse(
                value: ::serde_json::Value,
                at: &::cognate_shapes::Path<'_>,
                found: &mut ::cognate_shapes::Violations,
            ) -> ::std::result::Result<::std::option::Option<Self>, ::cognate_shapes::Malformed> {
                let mut members = ::cognate_shapes::input::Members::of(value)?;
                <Self as ::cognate_shapes::input::ReadMembers>::read(&mut members, at, found)
            }
        }

        impl ::cognate_shapes::input::ReadMembers for #name {
            #[allow(unused_variables)]
            fn read(
                members: &mut ::cognate_shapes::input::Members,
                at: &::cognate_shapes::Path<'_>,
                found: &mut ::cognate_shapes::Violations,
            ) -> ::std::result::Result<::std::option::Option<Self>, ::cognate_shapes::Malformed> {
                #(#reads)*
                #(let ::std::option::Option::Some(#fields) = #fields else { return Ok(::std::option::Option::None) };)*
                Ok(::std::option::Option::Some(Self { #(#fields),* }))
            }
        }
    }
}

fn output_impl(item: &DeriveInput, members: &[Member<'_>]) -> Tokens {
    let name = &item.ident;
    let writes = members.iter().map(|Member { field, wire, optional, flat, .. }| {
        if *flat {
            quote!(::cognate_shapes::shape::WriteMembers::write(&self.#field, map)?;)
        } else if *optional {
            quote! {
                if let ::std::option::Option::Some(value) = &self.#field {
                    ::serde::ser::SerializeMap::serialize_entry(map, #wire, value)?;
                }
            }
        } else {
            quote!(::serde::ser::SerializeMap::serialize_entry(map, #wire, &self.#field)?;)
        }
    });
    // A structure that is read as well as written is described by its `Input`.
    let described = if says(&item.attrs, "both") { Tokens::new() } else { described(item, members) };
    quote! {
        #described

        impl ::serde::Serialize for #name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(::std::option::Option::None)?;
                ::cognate_shapes::shape::WriteMembers::write(self, &mut map)?;
                ::serde::ser::SerializeMap::end(map)
            }
        }

        impl ::cognate_shapes::shape::WriteMembers for #name {
            #[allow(unused_variables)]
            fn write<M: ::serde::ser::SerializeMap>(&self, map: &mut M) -> ::std::result::Result<(), M::Error> {
                #(#writes)*
                Ok(())
            }
        }
    }
}

/// Whether `#[wire(word)]` is among them: on a structure `both` (it derives `Input` too) or `sensitive`, on a field
/// `flatten`.
fn says(attributes: &[Attribute], word: &str) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("wire") && attribute.parse_args::<syn::Ident>().is_ok_and(|found| found == word)
    })
}

fn pascal(snake: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    snake.trim_start_matches("r#").split('_').map(capital).collect()
}

fn unwrap_option(ty: &Type) -> (&Type, bool) {
    if let Type::Path(path) = ty
        && let Some(last) = path.path.segments.last()
        && last.ident == "Option"
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(syn::GenericArgument::Type(inner)) = arguments.args.first()
    {
        return (inner, true);
    }
    (ty, false)
}
