# Sourced by quickstart.sh and test.sh: installs the Debian packages that are missing.
#
# install_packages REQUIRED OPTIONAL: two lists; a required package that cannot be had ends the script with the command
# that would install it, an optional one is only reported.

package_missing() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" != installed ]
}

apt() {
    if [ "$(id -u)" = 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"
    else
        return 1
    fi
}

install_packages() {
    command -v dpkg-query >/dev/null 2>&1 || {
        echo "This is not a Debian system: install the equivalents of: $1" >&2
        return 0
    }
    missing=
    for package in $1 $2; do
        package_missing "$package" && missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "Installing$missing"
    # One package that does not exist here must not keep the others away: all at once, then one by one.
    # shellcheck disable=SC2086
    { apt update && apt install -y --no-install-recommends $missing; } >/dev/null 2>&1 ||
        for package in $missing; do
            apt install -y --no-install-recommends "$package" >/dev/null 2>&1
        done
    absent=
    for package in $1; do
        package_missing "$package" && absent="$absent $package"
    done
    if [ -n "$absent" ]; then
        echo "Could not install$absent. As root: apt-get install$absent" >&2
        exit 1
    fi
    for package in $2; do
        package_missing "$package" && echo "Going on without $package"
    done
    return 0
}
