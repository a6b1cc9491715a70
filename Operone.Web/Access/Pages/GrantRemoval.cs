using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Console.Parts;

namespace Operone.Web.Access.Pages;

/// <summary>Takes a grant away from a page: asks first, and names what goes.</summary>
internal sealed class GrantRemoval(GrantService grants, StepUpPrompt stepUp, IDialogService dialogs, ISnackbar snackbar)
{
    /// <summary>The error where it went wrong; null where it went well, or was not wanted after all.</summary>
    public async Task<(bool Done, Error? Error)> RemoveAsync(Actor actor, GrantView grant)
    {
        var where = grant.Selector.Length == 0 ? "everything" : grant.Selector;
        var text = grant.Effect == GrantEffect.Deny
            ? $"{grant.Subject} is denied '{grant.Role}' on {where} no longer, and gets back what other grants give."
            : $"{grant.Subject} loses '{grant.Role}' on {where} from this moment on: open pages, streams and tokens too.";
        if (!grant.IsEnded && !await dialogs.ConfirmAsync("Remove the grant?", text, "Remove"))
        {
            return (false, null);
        }

        var removed = await stepUp.ActAsync(() => grants.RemoveAsync(actor, grant.Id, CancellationToken.None));
        if (!removed.IsError)
        {
            snackbar.Add($"Removed '{grant.Role}' for {grant.Subject}.", Severity.Success);
        }

        return (!removed.IsError, removed.Error);
    }
}
