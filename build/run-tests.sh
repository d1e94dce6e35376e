# Sourced by ./test and .ci/run: runs built tests and counts them.

# run_tests WHAT ARGUMENTS…: runs `dotnet test` for each of WHAT (a solution or projects, separated by spaces), prints what failed tests say, and sets
# passed, failed and skipped. Returns 0 where all pass and there is at least one.
run_tests() {
  local what="$1" results code=0 file counters p f t one
  shift
  results=$(mktemp -d)
  for one in $what; do
    dotnet test "$one" -c Release --no-build --nologo -v quiet --logger "trx" --results-directory "$results" "$@" || code=$?
  done
  passed=0 failed=0 skipped=0
  for file in "$results"/*.trx; do
    [ -f "$file" ] || continue
    counters=$(grep -o '<Counters [^>]*>' "$file")
    p=$(echo "$counters" | sed -n 's/.* passed="\([0-9]*\)".*/\1/p')
    f=$(echo "$counters" | sed -n 's/.* failed="\([0-9]*\)".*/\1/p')
    t=$(echo "$counters" | sed -n 's/.* total="\([0-9]*\)".*/\1/p')
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + t - p - f))
    # The quiet console names failed tests only; here is what they said.
    [ "${f:-0}" = 0 ] || grep -A 12 '<Message>' "$file" | sed 's/<[^>]*>//g' | head -200
  done
  rm -rf "$results"
  [ "$((passed + failed))" -gt 0 ] || { echo "No test ran."; code=1; }
  [ "$failed" = 0 ] || code=1
  return "$code"
}
