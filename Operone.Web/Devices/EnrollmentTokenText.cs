using Operone.Web.Access;

namespace Operone.Web.Devices;

/// <summary>
/// The text of an enrolment token: <c>ope_SECRET</c>, or <c>ope_SECRET.PIN</c> where the agent must pin the server's key.
/// The pin is no secret, and is not part of what is looked up.
/// </summary>
internal static class EnrollmentTokenText
{
    /// <summary>A new token's text and the hash to store.</summary>
    public static (string Text, byte[] Hash) Create(string? pin)
    {
        var secret = SecretText.Create("ope_");
        return (pin is null ? secret : $"{secret}.{pin}", SecretText.Hash(secret));
    }

    /// <summary>The hash of a token as an agent sends it, with or without the pin.</summary>
    public static byte[] Hash(string text) => SecretText.Hash(text.Trim().Split('.')[0]);
}
