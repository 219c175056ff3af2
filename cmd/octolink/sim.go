package main

import (
	"errors"
	"fmt"

	"github.com/octolink/octolink/web"
	"github.com/spf13/cobra"
)

func simCommand() *cobra.Command {
	var server serverFlag
	return server.add(group(&cobra.Command{
		Use:   "sim",
		Short: "Drive the simulated telephone system",
		Long: `Sim lifts, hangs up and dials the phones of the running server's simulated
telephone system. Any number of five digits and more that is no user's is
somebody outside.`,
		Example: `  octolink sim ring --from 79161234567 --to 300    # somebody outside calls alice
  octolink sim answer 300                          # her phone is lifted
  octolink sim hangup 79161234567                  # the caller hangs up
  octolink sim busy 79161234567                    # calls to him find him busy
  octolink sim press 79161234567 1                 # he presses a key for a call flow
  octolink sim state                               # what all phones do`,
	},
		simRingCommand(&server),
		simOrderCommand(&server, "answer", "Lift a ringing phone"),
		simOrderCommand(&server, "reject", "Refuse the call that rings at a phone"),
		simOrderCommand(&server, "hangup", "Hang a phone up"),
		simBusyCommand(&server),
		simPressCommand(&server),
		simStateCommand(&server),
	))
}

func simRingCommand(server *serverFlag) *cobra.Command {
	var from, to string
	c := &cobra.Command{
		Use:     "ring --from NUMBER --to NUMBER",
		Short:   "Call a user, a queue or a call flow",
		Example: "  octolink sim ring --from 79161234567 --to 300\n  octolink sim ring --from 79161234567 --to 700",
		Args:    exactly(0),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, _ []string) error {
			if from == "" || to == "" {
				return usageError{errors.New("ring needs --from NUMBER and --to NUMBER")}
			}
			call, err := admin.SimRing(c.Context(), from, to)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "call %s\n", call)
			return nil
		}),
	}
	c.Flags().StringVar(&from, "from", "", "who calls")
	c.Flags().StringVar(&to, "to", "", "number of a user, a queue or a call flow")
	return c
}

func simOrderCommand(server *serverFlag, order, short string) *cobra.Command {
	return &cobra.Command{
		Use:     order + " NUMBER",
		Short:   short,
		Example: "  octolink sim " + order + " 300",
		Args:    exactly(1),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) error {
			return admin.SimOrder(c.Context(), order, args[0])
		}),
	}
}

func simBusyCommand(server *serverFlag) *cobra.Command {
	var off bool
	c := &cobra.Command{
		Use:     "busy NUMBER",
		Short:   "Make a number busy to all calls, or free again",
		Example: "  octolink sim busy 79161234567\n  octolink sim busy 79161234567 --off",
		Args:    exactly(1),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) error {
			return admin.SimBusy(c.Context(), args[0], !off)
		}),
	}
	c.Flags().BoolVar(&off, "off", false, "make it free again")
	return c
}

func simPressCommand(server *serverFlag) *cobra.Command {
	return &cobra.Command{
		Use:   "press NUMBER KEYS",
		Short: "Press keys at a phone whose call a flow leads",
		Long: `Press presses keys (0-9, *, #, A-D), one after the other. The flow gets them when it
asks; those that it did not ask for yet are kept. "octolink sim state" shows what
the caller has heard.`,
		Example: "  octolink sim press 79161234567 1\n  octolink sim press 79161234567 '4321#'",
		Args:    exactly(2),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) error {
			return admin.SimPress(c.Context(), args[0], args[1])
		}),
	}
}

func simStateCommand(server *serverFlag) *cobra.Command {
	return &cobra.Command{
		Use:     "state",
		Short:   "Show what all phones do, as JSON",
		Example: "  octolink sim state",
		Args:    exactly(0),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, _ []string) error {
			state, err := admin.SimState(c.Context())
			if err != nil {
				return err
			}
			return printJSON(c.OutOrStdout(), state)
		}),
	}
}
