using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Console.Parts;

namespace Operone.Web.Access.Pages;

/// <summary>Gives or denies a role, and says in words what that does.</summary>
public sealed partial class NewGrant
{
    private static readonly (SubjectKind Kind, string Title)[] Kinds =
        [(SubjectKind.Person, "Person"), (SubjectKind.Team, "Team"), (SubjectKind.Token, "Service token")];

    private static readonly (long Seconds, string Text)[] Durations = [(0, "No end"), (3600, "1 hour"), .. Expiry.Long.Where(e => e.Seconds > 0)];

    private IReadOnlyList<NamedId> _tokens = [];
    private SubjectKind _kind;
    private string _subject = "";
    private GrantEffect _effect;
    private string _role = BuiltInRoles.Viewer.Id.ToString();
    private string _selector = "";
    private string _reason = "";
    private long _seconds;
    private Error? _error;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = default!;

    [Inject]
    private GrantService Service { get; set; } = default!;

    [Inject]
    private StepUpPrompt StepUp { get; set; } = default!;

    [Inject]
    private AccessDirectory Access { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    /// <summary>For whom, where the page says so already.</summary>
    [Parameter]
    public SubjectKind SubjectKind { get; set; }

    [Parameter]
    public Guid? SubjectId { get; set; }

    [Parameter]
    public string? SubjectName { get; set; }

    private RoleEntry? Role => AccessInput.FindRole(Access.Current, _role);

    private IEnumerable<NamedId> Subjects => _kind == SubjectKind.Token
        ? _tokens
        : Access.Current.Teams.Values.OrderBy(t => t.Name, StringComparer.OrdinalIgnoreCase).Select(t => new NamedId(t.Id, t.Name));

    private DateTimeOffset? Until => _seconds == 0 ? null : Time.GetUtcNow().AddSeconds(_seconds);

    private bool MayGive => _effect == GrantEffect.Deny || Role is not { } role || Selector.Parse(_selector) is not { IsError: false } selector
        || Policy.Covers(Actor.Subject, role.Permissions, selector.Value, Until, Time.GetUtcNow());

    private string? Words
    {
        get
        {
            if (Role is not { } role || Selector.Parse(_selector) is not { IsError: false } selector)
            {
                return null;
            }

            var who = SubjectName ?? (_kind == SubjectKind.Person ? _subject.Trim() : Subjects.FirstOrDefault(s => s.Id.ToString() == _subject)?.Name);
            var where = selector.Value.IsEverything ? "everywhere" : $"on devices with {selector.Value}";
            var what = PermissionText.Sum(role.Permissions);
            var until = _seconds == 0 ? "" : $", for {Durations.First(d => d.Seconds == _seconds).Text}";
            return $"{(string.IsNullOrEmpty(who) ? "They" : who)} {(_effect == GrantEffect.Deny ? "may not" : "may")} {what}, {where}{until}.";
        }
    }

    protected override async Task OnInitializedAsync()
    {
        (_kind, _subject) = (SubjectKind, SubjectId?.ToString() ?? "");
        _tokens = await Service.ListServiceTokensAsync(Actor, CancellationToken.None);
    }

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private string? Invalid(string field) => Wrong(field) is null ? null : "true";

    private void Choose(SubjectKind kind) => (_kind, _subject, _error) = (kind, "", null);

    private async Task SubmitAsync()
    {
        var made = await StepUp.ActAsync(() => Service.CreateAsync(
            Actor, new CreateGrant(_role, _kind, _subject, _selector, _effect, Until, _reason), CancellationToken.None));
        _error = made.Error;
        if (_error is null)
        {
            Dialog.Close(made.Value);
        }
    }
}
