# no_options.sh -- this method has no option beside --without.

readonly OPTIONS=()
take_option() { :; }
