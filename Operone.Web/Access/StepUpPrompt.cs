using MudBlazor;
using Operone.Core.Errors;
using Operone.Web.Access.Pages;
using Operone.Web.Console.Parts;

namespace Operone.Web.Access;

/// <summary>For pages: does an act, and where it needs a fresh touch of a passkey, asks for that and does it again.</summary>
internal sealed class StepUpPrompt(IDialogService dialogs)
{
    /// <summary>Does it. The result is the one of the last try; where the person did not touch, the error that asked for it.</summary>
    public async Task<Result<T>> ActAsync<T>(Func<Task<Result<T>>> act)
    {
        var result = await act();
        return result.Error?.Code == StepUpErrors.RequiredCode && await AskAsync(result.Error.Detail) ? await act() : result;
    }

    /// <summary>Asks for a touch; whether there was one.</summary>
    /// <param name="why">What needs it, in words.</param>
    public async Task<bool> AskAsync(string why)
    {
        var shown = await dialogs.ShowAsync<StepUpDialog>(
            "Touch a passkey", new DialogParameters<StepUpDialog> { { d => d.Why, why } }, Dialogs.Reading with { BackdropClick = false });
        return await shown.Result is { Canceled: false };
    }
}
