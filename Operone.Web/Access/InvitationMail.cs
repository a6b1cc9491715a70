using System.Globalization;

namespace Operone.Web.Access;

/// <summary>The words of the mail that invites somebody.</summary>
internal static class InvitationMail
{
    public static string Subject(string inviter) => $"{inviter} invites you to Operone";

    public static string Text(string inviter, string site, string address, DateTimeOffset expiresAt) => string.Create(CultureInfo.InvariantCulture, $"""
        {inviter} invites you to the Operone installation at {site}.

        Make your account here:
        {address}

        The address is for you alone: it is good once, until {expiresAt:yyyy-MM-dd HH:mm} UTC. Whoever has it can make the account.
        If you did not expect this, do nothing.
        """);
}
