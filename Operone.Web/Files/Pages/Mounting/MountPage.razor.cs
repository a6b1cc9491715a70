using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Console.Parts;
using Operone.Web.Events;
using Operone.Web.Files.Mounts;

namespace Operone.Web.Files.Pages.Mounting;

/// <summary>One mount: what it shows, as whom, and who may use it. Also where a new one is made.</summary>
public sealed partial class MountPage
{
    private MountForm _form = new();
    private MountView? _mount;
    private Guid? _filled;
    private Error? _error;
    private MountTest? _test;
    private bool _isTesting;

    [Inject]
    private MountService Service { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>Null for a new one.</summary>
    [Parameter]
    public Guid? Id { get; set; }

    private bool MaySave => Actor.MayEverywhere(Permissions.MountsManage);

    private string AddressExample => _form.Kind switch { MountKind.Sftp => "sftp://files.example.org/srv/data", MountKind.WebDav => "https://cloud.example.org/dav", _ => "/srv/data" };

    private string AddressHelp => _form.Kind switch
    {
        MountKind.Sftp => "The server, its port where that is not 22, and the folder there.",
        MountKind.WebDav => "The folder's address. Passwords and tokens are sent over https alone.",
        _ => "An absolute path on the node. Of several nodes those that have the folder show it.",
    };

    private string SecretHelp => _mount is null || _mount.SignIn != _form.SignIn ? "Sealed when it is stored, and never shown again." : "Empty: it stays as it is, where server and user stay the same.";

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Mounts];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (Id is not { } id)
        {
            Problem = MaySave ? null : Actor.Lacks(Permissions.MountsManage) ?? MountErrors.NotEverywhere(Actor.Name);
            return;
        }

        var mount = await Service.GetAsync(Actor, id.ToString(), cancellationToken);
        (Problem, _mount) = mount.Match<(Error?, MountView?)>(m => (null, m), e => (e, null));
        // Only once: what is being typed stays.
        if (_mount is not null && _filled != id)
        {
            (_filled, _form) = (id, MountForm.From(_mount));
        }
    }

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private string? Invalid(string field) => Wrong(field) is null ? null : "true";

    private async Task SaveAsync()
    {
        var (request, unreadable) = _form.Read();
        if ((_error = unreadable) is not null)
        {
            return;
        }

        var saved = Id is { } id
            ? await Service.ReplaceAsync(Actor, id.ToString(), request, CancellationToken.None)
            : await Service.CreateAsync(Actor, request, CancellationToken.None);
        _error = saved.Error;
        if (_error is null)
        {
            Snackbar.Add(Id is null ? $"Made '{saved.Value.Name}'." : "Saved.", Severity.Success);
            // nothing that was typed into a secret's field stays in it
            (_mount, _filled, _form, _test) = (saved.Value, saved.Value.Id, MountForm.From(saved.Value), null);
            Navigation.NavigateTo($"settings/mounts/{saved.Value.Id}", replace: true);
        }
    }

    private async Task TestAsync()
    {
        (_isTesting, _test, _error) = (true, null, null);
        try
        {
            var tested = await Service.TestAsync(Actor, Id!.Value.ToString(), CancellationToken.None);
            (_test, _error) = tested.Match<(MountTest?, Error?)>(t => (t, null), e => (null, e));
        }
        finally
        {
            _isTesting = false;
        }
    }

    private async Task RemoveAsync()
    {
        var mount = _mount!;
        if (!await DialogService.ConfirmAsync(
            $"Remove {mount.Name}?", $"{mount.Path} goes from the tree, with what it signs in with. The files at {mount.Address} stay as they are.", $"Remove {mount.Name}"))
        {
            return;
        }

        _error = (await Service.RemoveAsync(Actor, mount.Id.ToString(), CancellationToken.None)).Error;
        if (_error is null)
        {
            Snackbar.Add($"Removed {mount.Name}.", Severity.Success);
            Navigation.NavigateTo("settings/mounts");
        }
    }
}
