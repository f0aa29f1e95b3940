# Makes .venv/ and installs requirements into it; sourced by bin/serve, bin/test and bin/check.

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed, and none was found. Install it, or name it: PYTHON=/path/to/python3 $0" >&2
    return 1
}

# prepare_environment FILE: a virtual environment with what FILE lists, unless it is there already.
prepare_environment() {
    installed=".venv/installed-$1"
    if [ -x .venv/bin/python ] && cat requirements*.txt | cmp -s - "$installed"; then
        return
    fi
    if ! [ -w . ]; then
        echo "$(id -un) may not write to $(pwd), where .venv/ is installed. Run this as its owner." >&2
        exit 1
    fi
    python=$(find_python) || exit 1
    if ! [ -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
        echo "Making a virtual environment in .venv/ with $("$python" --version)"
        "$python" -m venv --clear .venv || {
            echo "That failed. On Debian and Ubuntu: apt-get install python3-venv" >&2
            exit 1
        }
    fi
    echo "Installing $1"
    .venv/bin/python -m pip install --disable-pip-version-check --require-virtualenv \
        --progress-bar on --root-user-action=ignore -r "$1"
    cat requirements*.txt >"$installed"
}
