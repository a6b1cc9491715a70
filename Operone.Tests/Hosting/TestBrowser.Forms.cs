using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace Operone.Tests.Hosting;

/// <summary>Forms as they are: with everything hidden that they have.</summary>
public sealed partial class TestBrowser
{
    /// <summary>A browser in which somebody has signed in: the owner, unless told.</summary>
    internal static async Task<TestBrowser> SignedInAsync(
        OperoneServer server, string email = OperoneServer.OwnerEmail, string password = OperoneServer.OwnerPassword)
    {
        var browser = new TestBrowser(server);
        await browser.SignInAsync(email, password);
        return browser;
    }

    /// <summary>Opens a page, fills in its form and sends it, with everything hidden that the form has.</summary>
    public async Task<HttpResponseMessage> FillInAsync(string path, Dictionary<string, string> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var all = await ReadHiddenAsync(path);
        foreach (var (name, value) in fields)
        {
            all[name] = value;
        }

        return await Client.PostAsync(path, new FormUrlEncodedContent(all), TestContext.Current.CancellationToken);
    }

    /// <summary>The hidden fields of a page's first form, the antiforgery token among them, and this browser's key.</summary>
    public async Task<Dictionary<string, string>> ReadHiddenAsync(string path)
    {
        var page = await Client.GetStringAsync(path, TestContext.Current.CancellationToken);
        var form = Form().Match(page);
        Assert.True(form.Success, $"{path} has no form: {page}");
        var hidden = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Match input in Hidden().Matches(form.Value))
        {
            hidden[Attribute(input.Value, "name")] = WebUtility.HtmlDecode(Attribute(input.Value, "value"));
        }

        if (hidden.ContainsKey("DeviceKey"))
        {
            hidden["DeviceKey"] = KeyText;
        }

        return hidden;
    }

    private static string Attribute(string element, string name) => Regex.Match(element, $"{name}=\"([^\"]*)\"").Groups[1].Value;

    [GeneratedRegex("<form.*?</form>", RegexOptions.Singleline)]
    private static partial Regex Form();

    [GeneratedRegex("<input[^>]*type=\"hidden\"[^>]*>")]
    private static partial Regex Hidden();
}
