using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Console.Parts;

namespace Operone.Web.Access.Pages;

/// <summary>The sessions of a person, or of everybody, each with a way to end it.</summary>
public sealed partial class SessionList
{
    private Page<SessionView>? _page;

    /// <summary>Whose; null for everybody's.</summary>
    [Parameter]
    public Guid? PersonId { get; set; }

    /// <summary>Where the page before ended.</summary>
    [Parameter]
    public string? Cursor { get; set; }

    [Inject]
    private SessionService Sessions { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    private bool IsForEverybody => PersonId is null;

    // Each that begins or ends is an event.
    protected override IReadOnlyList<string> Topics() => Cursor is null ? [Operone.Web.Events.LiveChanges.Events] : [];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var page = await Sessions.ListAsync(Actor, PersonId, 100, Cursor, cancellationToken);
        (Problem, _page) = page.Match<(Error?, Page<SessionView>?)>(p => (null, p), e => (e, null));
    }

    private static string Way(SessionView session) => session.Method switch
    {
        SignInMethods.Passkey => "passkey",
        SignInMethods.Password => "password",
        SignInMethods.PasswordAndCode => "password and code",
        SignInMethods.Setup => "set-up",
        SignInMethods.Recovery => "recovery",
        SignInMethods.Invitation => "invitation",
        SignInMethods.DeviceFlow => "command line",
        var method when method.StartsWith(SignInMethods.ExternalPrefix, StringComparison.Ordinal) => method[SignInMethods.ExternalPrefix.Length..],
        var method => method,
    };

    private async Task EndAsync(SessionView session)
    {
        var what = session.IsCurrent ? "You are signed out here at once." : "Its pages and streams end within five seconds.";
        if (await DialogService.ConfirmAsync("End the session?", $"{session.Person} on {session.Device}, from {session.Address}. {what}", "End it"))
        {
            var ended = await Sessions.EndAsync(Actor, session.Id, CancellationToken.None);
            await DoneAsync(ended.Error, "Ended the session.");
        }
    }

    private async Task EndOthersAsync()
    {
        var own = PersonId == Actor.PersonId;
        if (await DialogService.ConfirmAsync(
            own ? "End all other sessions?" : "End all sessions?", own ? "Only the one you look at goes on." : "They are signed out everywhere.", "End them"))
        {
            var ended = await Sessions.EndAllAsync(Actor, PersonId!.Value, keepThis: true, CancellationToken.None);
            await DoneAsync(ended.Error, ended.IsError ? "" : $"Ended {ended.Value} sessions.");
        }
    }

    private async Task DoneAsync(Error? error, string done)
    {
        if (error is not null)
        {
            Problem = error;
            return;
        }

        Snackbar.Add(done, Severity.Success);
        await RefreshAsync();
    }
}
