// Package peers measures octolink beside other servers that answer the same bytes to the same load:
// side by side, each on the same processor, in windows that follow one another, so that what else the
// machine does hits all alike. What counts are ratios of such windows.
package peers
