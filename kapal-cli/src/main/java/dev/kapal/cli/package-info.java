/** The command line: {@link dev.kapal.cli.Kapal} runs one command of one client. */
@NullMarked
package dev.kapal.cli;

import org.jspecify.annotations.NullMarked;
