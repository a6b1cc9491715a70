using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core;
using Operone.Core.Access;
using Operone.Web.Console.Parts;
using Operone.Web.Events;

namespace Operone.Web.Access.Pages;

/// <summary>The API tokens: one's own, and everybody's for who manages them.</summary>
public sealed partial class Tokens
{
    private static readonly TimeSpan SoonBefore = TimeSpan.FromDays(7);

    private Page<ApiTokenView>? _page;

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    /// <summary>Text in names and owners.</summary>
    [SupplyParameterFromQuery]
    public string? Q { get; set; }

    /// <summary><c>personal</c>, <c>service</c>, or all.</summary>
    [SupplyParameterFromQuery]
    public string? Kind { get; set; }

    /// <summary><c>mine</c>, or everybody's for who manages tokens.</summary>
    [SupplyParameterFromQuery]
    public string? Whose { get; set; }

    private bool MayManage => Actor.May(Permissions.TokensManage, null);

    private bool MayCreate => MayManage || Actor.Lacks(Permissions.TokensCreate) is null;

    private bool IsAll => MayManage && Whose != "mine";

    private bool IsFiltered => !string.IsNullOrWhiteSpace(Q) || Kind is not null || Cursor is not null;

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Access];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        TokenKind? kind = Kind switch { "personal" => TokenKind.Personal, "service" => TokenKind.Service, _ => null };
        var page = await Service.ListAsync(Actor, new(IsAll, Q, kind), 50, Cursor, cancellationToken);
        (Problem, _page) = page.Match<(Core.Errors.Error?, Page<ApiTokenView>?)>(p => (null, p), e => (e, null));
    }

    private static string KindOf(ApiTokenView token) =>
        token.SessionId is not null ? "Command line" : token.Kind == TokenKind.Service ? "Service" : "Personal";

    private static string Scope(ApiTokenView token)
    {
        if (token.Kind == TokenKind.Service)
        {
            return token.Roles.Count == 0 ? "nothing: it has no role" : string.Join("; ", token.Roles.Select(r =>
                $"{(r.Effect == GrantEffect.Deny ? "not " : "")}{r.Role}{(r.Selector.Length > 0 ? $" on {r.Selector}" : "")}"));
        }

        var what = token.Permissions.Count == Permissions.All.Count ? "all that its owner may" : string.Join(", ", token.Permissions);
        return token.Selector.Length > 0 ? $"{what} on {token.Selector}" : what;
    }

    private (string Tone, string Text)? Soon(ApiTokenView token)
    {
        var now = Time.GetUtcNow();
        return token.ExpiresAt is not { } end || end - now > SoonBefore ? null : end <= now ? ("bad", "ended") : ("warning", "soon:");
    }

    private string With(string name, string? value) =>
        Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { [name] = string.IsNullOrWhiteSpace(value) ? null : value, ["cursor"] = null });

    private void Go(string name, string? value) => Navigation.NavigateTo(With(name, value), replace: true);

    private async Task CreateAsync()
    {
        var dialog = await DialogService.ShowAsync<NewToken>("New API token", Dialogs.Form);
        await dialog.Result;
        await RefreshAsync();
    }

    private async Task RevokeAsync(ApiTokenView token)
    {
        var text = token.SessionId is null
            ? $"Whatever uses '{token.Name}' can no longer do anything here, from this moment on."
            : $"'{token.Name}' is a command line that was signed in through a browser. It is signed out, and its session ends.";
        if (await DialogService.ConfirmAsync("Revoke the token?", text, "Revoke"))
        {
            var revoked = await Service.RevokeAsync(Actor, token.Id, Gone);
            if (revoked.IsError)
            {
                Problem = revoked.Error;
                return;
            }

            Snackbar.Add($"Revoked '{token.Name}'.", Severity.Success);
            await RefreshAsync();
        }
    }
}
