using Microsoft.AspNetCore.Components;
using Operone.Core.Errors;
using QRCoder;

namespace Operone.Web.Access.Pages;

/// <summary>One's own one-time codes: turned on, recovered, turned off.</summary>
public sealed partial class CodesSection
{
    private SecondFactorState? _state;
    private SecondFactorOffer? _offer;
    private string _picture = "";
    private IReadOnlyList<string>? _shown;
    private Ask? _asksFor;
    private string _code = "";
    private Error? _error;

    private enum Ask
    {
        Renew,
        TurnOff,
    }

    [Inject]
    private SecondFactorService Service { get; set; } = default!;

    private string RecoveryCodesLeft => _state!.RecoveryCodes switch
    {
        0 => "No recovery code is left: make new ones.",
        1 => "One recovery code is left: make new ones.",
        var left => $"{left} recovery codes are left.",
    };

    protected override async Task OnInitializedAsync() => _state = await Service.GetAsync(Actor, CancellationToken.None);

    private static string Draw(string text)
    {
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.M);
        using var picture = new SvgQRCode(data);
        return picture.GetGraphic(4, "#000000", "#ffffff", drawQuietZones: true, SvgQRCode.SizingMode.ViewBoxAttribute);
    }

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private void Begin()
    {
        Close();
        _offer = Service.Offer(Actor);
        _picture = Draw(_offer.Address);
    }

    private void Close() => (_offer, _asksFor, _code, _error) = (null, null, "", null);

    private async Task TurnOnAsync() => await TakeAsync(await Service.TurnOnAsync(Actor, _offer!.Sealed, _code, CancellationToken.None));

    private async Task ConfirmAsync()
    {
        if (_asksFor == Ask.Renew)
        {
            await TakeAsync(await Service.RenewRecoveryCodesAsync(Actor, _code, CancellationToken.None));
            return;
        }

        var off = await Service.TurnOffAsync(Actor, _code, CancellationToken.None);
        await TakeAsync(off.IsError ? off.Error! : new RecoveryCodeSet([]));
    }

    private async Task TakeAsync(Result<RecoveryCodeSet> result)
    {
        _error = result.Error;
        if (_error is null)
        {
            Close();
            _shown = result.Value.Codes is { Count: > 0 } codes ? codes : null;
            _state = await Service.GetAsync(Actor, CancellationToken.None);
        }
    }
}
