@echo off
rem Builds Segue once (Release), then runs it. Delete artifacts\cli to build again.
setlocal
where dotnet >nul 2>nul
if errorlevel 1 goto nodotnet
dotnet --list-sdks | findstr /b "10." >nul
if errorlevel 1 goto nodotnet
if not exist "%~dp0artifacts\cli\segue.dll" (
  echo Building Segue ^(Release^), once ... 1>&2
  dotnet build "%~dp0src\Segue.Cli\Segue.Cli.csproj" -c Release -v quiet --nologo -o "%~dp0artifacts\cli" 1>&2
  if errorlevel 1 exit /b 1
)
dotnet "%~dp0artifacts\cli\segue.dll" %*
exit /b %errorlevel%
:nodotnet
echo Segue needs the .NET 10 SDK. Install it with: 1>&2
echo     winget install Microsoft.DotNet.SDK.10 1>&2
exit /b 1
