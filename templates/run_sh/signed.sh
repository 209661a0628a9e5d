# signed.sh -- this folder is the one that was rendered, and, where this machine asks for that, the one that people have signed.

# Never a file of the folder itself: it could be changed together with the folder.
readonly ALLOWED_SIGNERS=/etc/etcd-renumber/allowed_signers
readonly SIGNATURES_NEEDED=/etc/etcd-renumber/signatures_needed # a number; without the file, 1

the_reviewed_folder() {
  local i text top
  text=$(cd "$HERE" && sha256sum --quiet --check SHA256SUMS 2>&1) ||
    other_world "this folder is not as it was rendered: ${text//$'\n'/; }" 'use the folder that was reviewed'
  text=$(sha256sum <"$HERE/change.json")
  [[ ${text:0:12} == "$DIGEST" ]] || other_world "change.json belongs to plan ${text:0:12}, run.sh to plan $DIGEST" 'use the folder that was reviewed'
  for i in "${!NAMES[@]}"; do
    top=$(folder_of "$i")
    [[ $(sha256sum <"$top/SHA256SUMS") == "${FOLDERS[i]}  -" ]] || other_world "${top#"$HERE/"} is not the folder that run.sh was made for" 'use the folder that was reviewed'
    (cd "$top" && sha256sum --quiet --check SHA256SUMS) >/dev/null 2>&1 || other_world "the files in ${top#"$HERE/"} do not match its SHA256SUMS" 'use the folder that was reviewed'
  done
}

# the_signatures -- so many different people, by different keys, have signed SHA256SUMS.
the_signatures() {
  local needed=1 path name text who=' ' by=' ' count=0
  [[ -e $ALLOWED_SIGNERS ]] || return 0
  [[ ! -e $SIGNATURES_NEEDED ]] || read -r needed <"$SIGNATURES_NEEDED" || true # a last line without its end
  [[ $needed =~ ^[1-9][0-9]?$ ]] || other_world "$SIGNATURES_NEEDED says '$needed': not a number" 'write the number of signatures into it'
  for path in "$HERE"/signatures/*.sig; do
    [[ -f $path ]] || continue
    name=${path##*/} name=${name%.sig}
    if ! text=$(ssh-keygen -Y verify -f "$ALLOWED_SIGNERS" -I "$name" -n etcd-renumber -s "$path" <"$HERE/SHA256SUMS" 2>&1); then
      note "not valid: signatures/$name.sig: ${text##*$'\n'}"
      continue
    fi
    note "signed by $name: ${text##* }"
    if [[ $who != *" $name "* && $by != *" ${text##* } "* ]]; then count=$((count + 1)); fi
    who+="$name " by+="${text##* } "
  done
  [[ $count -ge $needed ]] || other_world "$count of $needed signatures that this machine requires" "etcd-renumber sign ${HERE##*/} --key KEY, by a person listed in $ALLOWED_SIGNERS"
}
