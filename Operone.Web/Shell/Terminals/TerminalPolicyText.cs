using Operone.Core;
using Operone.Core.Shell;

namespace Operone.Web.Shell.Terminals;

/// <summary>What a policy of terminals says, in words: for the audit trail and the page. Of variables the names alone.</summary>
internal static class TerminalPolicyText
{
    /// <summary>For whom and where, and what.</summary>
    public static string Describe(TerminalPolicyView policy) => $"{Where(policy)}: {string.Join("; ", Says(policy))}";

    /// <summary>For whom and where.</summary>
    public static string Where(TerminalPolicyView policy) =>
        $"{(policy.Role is null ? "everybody" : $"holders of {policy.Role}")}, {(policy.Selector.Length == 0 ? "on all devices" : $"on devices with {policy.Selector}")}";

    /// <summary>What it says, one thing a text.</summary>
    public static IEnumerable<string> Says(TerminalPolicyView policy)
    {
        if (policy.Record is { } record)
        {
            yield return record switch
            {
                RecordMode.Required => "recorded, or ended",
                RecordMode.On => "recorded",
                _ => "not recorded",
            };
        }

        if (policy.RecordInput is { } input)
        {
            yield return input ? "what is typed is recorded" : "what is typed is not recorded";
        }

        if (policy.User is { } user)
        {
            yield return $"as {user}";
        }

        if (policy.Shell is { } shell)
        {
            yield return $"shell {shell}";
        }

        if (policy.WorkingDirectory is { } directory)
        {
            yield return $"in {directory}";
        }

        if (policy.Environment is { Count: > 0 } environment)
        {
            yield return $"with {string.Join(", ", environment.Keys.Order(StringComparer.Ordinal))}";
        }

        if (policy.IdleSeconds is { } seconds)
        {
            yield return $"ends after {Quantities.FormatDuration(TimeSpan.FromSeconds(seconds))} with nobody there";
        }

        if (policy.ChoiceAllowed is { } choice)
        {
            yield return choice ? "may choose otherwise" : "may not choose otherwise";
        }
    }
}
