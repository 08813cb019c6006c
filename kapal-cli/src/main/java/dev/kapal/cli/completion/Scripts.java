package dev.kapal.cli.completion;

/**
 * The shells' side of completion. The scripts are small and never out of date: they ask {@code
 * kapal __complete}, which walks the command model. Without a daemon they offer nothing, and start
 * none.
 */
public final class Scripts {
  private Scripts() {}

  /** The script for bash, fish or zsh. */
  public static String of(String shell) {
    return switch (shell) {
      case "bash" -> BASH;
      case "fish" -> FISH;
      case "zsh" -> ZSH;
      default -> throw new IllegalArgumentException("no completion for the shell " + shell);
    };
  }

  private static final String BASH =
      """
      # kapal completion for bash
      _kapal() {
        local IFS=$'\\n' word line current="${COMP_LINE:0:$COMP_POINT}"
        local -a words=() found=()
        # bash cuts words at = and :, which belong to ours: put them together again.
        local i glued=0
        for ((i = 1; i <= COMP_CWORD; i++)); do
          word="${COMP_WORDS[i]}"
          if ((${#words[@]} > 0)) && { [[ $word == [=:]* ]] || ((glued)); } && [[ ${COMP_WORDS[i-1]} != "" ]]; then
            words[${#words[@]}-1]+="$word"
            [[ $word == [=:] ]] && glued=1 || glued=0
          else
            words+=("$word")
            glued=0
          fi
        done
        [[ $current == *[[:space:]] && -n "${words[*]: -1}" ]] && words+=("")
        ((${#words[@]} == 0)) && words=("")
        local typed="${words[${#words[@]}-1]}" cut=""
        [[ $typed == *[=:]* ]] && cut="${typed%"${typed##*[=:]}"}"
        COMPREPLY=()
        while IFS= read -r line; do
          line="${line%%$'\\t'*}"
          case "$line" in
            :file) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "${typed#"$cut"}")) ;;
            :directory) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -d -- "${typed#"$cut"}")) ;;
            *) COMPREPLY+=("${line#"$cut"}") ;;
          esac
        done < <(KAPAL_NO_START=1 kapal __complete -- "${words[@]}" 2>/dev/null)
      }
      complete -F _kapal kapal
      """;

  private static final String ZSH =
      """
      #compdef kapal
      # kapal completion for zsh
      _kapal() {
        local line word help
        local -a described
        while IFS= read -r line; do
          case "$line" in
            :file) _files; return ;;
            :directory) _files -/; return ;;
          esac
          word="${line%%$'\\t'*}"
          help=""
          [[ "$line" == *$'\\t'* ]] && help="${line#*$'\\t'}"
          described+=("${word//:/\\\\:}${help:+:$help}")
        done < <(KAPAL_NO_START=1 kapal __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
        _describe kapal described
      }
      if [[ "$funcstack[1]" == "_kapal" ]]; then
        _kapal "$@"
      else
        compdef _kapal kapal
      fi
      """;

  private static final String FISH =
      """
      # kapal completion for fish
      function __kapal_complete
          set -l words (commandline -opc)[2..-1] (commandline -ct)
          for line in (KAPAL_NO_START=1 kapal __complete -- $words 2>/dev/null)
              switch $line
                  case ':file'
                      __fish_complete_path (commandline -ct)
                  case ':directory'
                      __fish_complete_directories (commandline -ct)
                  case '*'
                      echo $line
              end
          end
      end
      complete -c kapal -f -a '(__kapal_complete)'
      """;
}
