# Sourced by ./segue, ./test and .ci/run: finds the .NET 10 SDK or says how to get it.

require_dotnet() {
  if [ -z "${DOTNET_ROOT:-}" ] && ! command -v dotnet >/dev/null 2>&1 && [ -x "$HOME/.dotnet/dotnet" ]; then
    PATH="$HOME/.dotnet:$PATH"
    export DOTNET_ROOT="$HOME/.dotnet"
  fi
  export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
  if command -v dotnet >/dev/null 2>&1 && dotnet --list-sdks 2>/dev/null | grep -q '^10\.'; then
    return 0
  fi
  found=""
  command -v dotnet >/dev/null 2>&1 && found=$(dotnet --list-sdks 2>/dev/null | cut -d' ' -f1 | tr '\n' ' ')
  echo "Segue needs the .NET 10 SDK; found ${found:-none}." >&2
  echo "Install it with:" >&2
  case "$(uname -s)" in
    Darwin) echo "    brew install --cask dotnet-sdk" >&2 ;;
    *)
      if [ -r /etc/os-release ]; then . /etc/os-release; fi
      case "${ID:-} ${ID_LIKE:-}" in
        *ubuntu*) echo "    sudo apt-get update && sudo apt-get install -y dotnet-sdk-10.0" >&2 ;;
        *fedora*|*rhel*) echo "    sudo dnf install dotnet-sdk-10.0" >&2 ;;
        *arch*) echo "    sudo pacman -S dotnet-sdk" >&2 ;;
        *alpine*) echo "    sudo apk add dotnet10-sdk" >&2 ;;
        *) echo "    curl -sSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0" >&2 ;;
      esac ;;
  esac
  echo "or without root, into your home folder:" >&2
  echo "    curl -sSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0" >&2
  return 1
}
