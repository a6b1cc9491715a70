using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Operone.Web.Hosting;

/// <summary>For requests whose body, or whose answer, is of any size, and may be held back for as long as its reader likes.</summary>
internal static class LongTransfers
{
    /// <summary>Takes a body of any size, however slowly it comes.</summary>
    public static void TakeAnyBody(this HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    /// <summary>Sends the answer as it is written, however slowly it is read.</summary>
    public static void SendAsItComes(this HttpContext http)
    {
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }
}
