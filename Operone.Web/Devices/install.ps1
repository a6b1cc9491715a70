# Installs Operone's agent on this machine and enrols it. As administrator it also becomes a service.
#   & ([scriptblock]::Create((irm __SERVER__/install.ps1))) -Token TOKEN [-Name NAME] [-Label KEY=VALUE,...] [-NoService]
param(
    [Parameter(Mandatory = $true)][string]$Token,
    [string]$Name,
    [string[]]$Label = @(),
    [string]$Server = '__SERVER__',
    [switch]$NoService
)
$ErrorActionPreference = 'Stop'
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

$Server = $Server.TrimEnd('/')
$machine = if ($env:PROCESSOR_ARCHITEW6432) { $env:PROCESSOR_ARCHITEW6432 } else { $env:PROCESSOR_ARCHITECTURE }
$rid = switch ($machine) {
    'AMD64' { 'win-x64' }
    'ARM64' { 'win-arm64' }
    default { throw "There is no agent for $machine processors." }
}

# The token's part after the dot is the SHA-256 of the server's public key, in base64url. curl.exe checks it.
$curl = @('-fsSL')
$dot = $Token.IndexOf('.')
if ($dot -ge 0) {
    $pin = $Token.Substring($dot + 1).Replace('-', '+').Replace('_', '/')
    $pin = $pin.PadRight($pin.Length + (4 - $pin.Length % 4) % 4, '=')
    $curl = @('-fsSLk', '--pinnedpubkey', "sha256//$pin")
}

$work = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
New-Item -ItemType Directory -Path $work | Out-Null
try {
    $file = Join-Path $work 'operone.exe'
    Write-Host "Downloading the agent for $rid from $Server"
    & curl.exe @curl -o $file "$Server/downloads/operone-$rid"
    if ($LASTEXITCODE -ne 0) { throw "Cannot download $Server/downloads/operone-$rid; does the server serve this kind of machine?" }
    $expected = (& curl.exe @curl "$Server/downloads/operone-$rid.sha256").Split(' ')[0]
    if ($LASTEXITCODE -ne 0) { throw 'Cannot download its SHA-256.' }
    $actual = (Get-FileHash -Algorithm SHA256 -Path $file).Hash.ToLowerInvariant()
    if ($expected -ne $actual) { throw "The download is damaged: its SHA-256 is $actual, not $expected." }

    $principal = New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent())
    $administrator = $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
    $folder = if ($administrator) { Join-Path $env:ProgramFiles 'Operone' } else { Join-Path $env:LOCALAPPDATA 'Operone' }
    New-Item -ItemType Directory -Force -Path $folder | Out-Null
    $operone = Join-Path $folder 'operone.exe'
    # A program that runs cannot be written over, but it can be moved away.
    if (Test-Path $operone) {
        Remove-Item -Force -ErrorAction SilentlyContinue "$operone.old"
        Move-Item -Force $operone "$operone.old"
    }
    Move-Item -Force $file $operone
    Write-Host "Installed $operone"

    $arguments = @('agent', 'enroll', '--server', $Server, '--token', $Token)
    if ($Name) { $arguments += @('--name', $Name) }
    foreach ($one in $Label) { $arguments += @('--label', $one) }
    & $operone @arguments
    if ($LASTEXITCODE -ne 0) { throw 'Enrolling failed.' }

    if ($administrator -and -not $NoService) {
        & $operone agent install
        if ($LASTEXITCODE -ne 0) { throw 'Installing the service failed.' }
    }
    else {
        Write-Host "To connect now: & '$operone' agent run"
    }
}
finally {
    Remove-Item -Recurse -Force $work
}
