/** The subset of Go's text/template language that people use with --format. */
@NullMarked
package dev.kapal.cli.template;

import org.jspecify.annotations.NullMarked;
