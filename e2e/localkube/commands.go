package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"rocketmq-operator.io/e2e/localkube/internal/cluster"
	"rocketmq-operator.io/e2e/localkube/internal/layout"
	"rocketmq-operator.io/e2e/localkube/internal/parts"
	"rocketmq-operator.io/e2e/localkube/internal/storage"
)

// The environment may choose the cluster, for scripts that run many commands.
func defaultName() string { return environment("LOCALKUBE_NAME", layout.DefaultName) }
func defaultHome() string { return environment("LOCALKUBE_DIR", layout.DefaultHome()) }

func environment(variable, otherwise string) string {
	if value := os.Getenv(variable); value != "" {
		return value
	}
	return otherwise
}

func commands() *cobra.Command {
	var name, dir string
	root := &cobra.Command{
		Use:   "localkube",
		Short: "A Kubernetes cluster for machines without Docker",
		Long: "A Kubernetes cluster for machines without Docker.\n\nAlso runs, as `localkube NAME ...` or by a link of that name:\nhelm, " +
			strings.Join(parts.Names(), ", "),
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.PersistentFlags().StringVar(&name, "name", defaultName(), "which cluster; several can run side by side ($LOCALKUBE_NAME)")
	root.PersistentFlags().StringVar(&dir, "dir", defaultHome(), "folder of all clusters' files ($LOCALKUBE_DIR)")

	// with makes a command that works on the chosen cluster.
	with := func(use, short string, args cobra.PositionalArgs, do func(ctx context.Context, p layout.Paths, args []string) error) *cobra.Command {
		return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(_ *cobra.Command, args []string) error {
			paths, err := layout.NewPaths(dir, name)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return do(ctx, paths, args)
		}}
	}

	var up cluster.UpOptions
	upCommand := with("up", "Bring the cluster up", cobra.NoArgs, func(ctx context.Context, p layout.Paths, _ []string) error {
		return cluster.Up(ctx, p, up)
	})
	upCommand.Flags().IntVar(&up.Nodes, "nodes", 1, "number of nodes")
	upCommand.Flags().StringArrayVar(&up.Images, "image", nil, "image archive to load on all nodes (repeatable)")

	root.AddCommand(
		upCommand,
		with("down", "Take the cluster away with all it made", cobra.NoArgs, func(ctx context.Context, p layout.Paths, _ []string) error {
			return cluster.Down(ctx, p)
		}),
		with("status", "Tell what lives; exit code 1 if not all is well", cobra.NoArgs, func(ctx context.Context, p layout.Paths, _ []string) error {
			return cluster.Status(ctx, p)
		}),
		with("env", "Print the cluster's environment for a shell: eval \"$(localkube env)\"", cobra.NoArgs, func(_ context.Context, p layout.Paths, _ []string) error {
			return cluster.Environment(p)
		}),
		with("kubeconfig", "Print where the kubeconfig is", cobra.NoArgs, func(_ context.Context, p layout.Paths, _ []string) error {
			_, err := fmt.Println(p.Kubeconfig())
			return err
		}),
		with("load-image FILE...", "Load image archives on all nodes", cobra.MinimumNArgs(1), func(ctx context.Context, p layout.Paths, args []string) error {
			return cluster.LoadImages(ctx, p, args)
		}),
		with("kill-node N", "End a node at once, as a power failure would", cobra.ExactArgs(1), func(_ context.Context, p layout.Paths, args []string) error {
			number, err := strconv.Atoi(strings.TrimPrefix(args[0], "node"))
			if err != nil {
				return err
			}
			return cluster.KillNode(p, number)
		}),
		with("start-node N", "Bring a killed node back", cobra.ExactArgs(1), func(ctx context.Context, p layout.Paths, args []string) error {
			number, err := strconv.Atoi(strings.TrimPrefix(args[0], "node"))
			if err != nil {
				return err
			}
			return cluster.StartNode(ctx, p, number)
		}),
		with("stop-apiserver", "Kill the API server", cobra.NoArgs, func(_ context.Context, p layout.Paths, _ []string) error {
			return cluster.StopAPIServer(p)
		}),
		with("start-apiserver", "Start the API server again", cobra.NoArgs, func(ctx context.Context, p layout.Paths, _ []string) error {
			return cluster.StartAPIServer(ctx, p)
		}),
		with("restart-apiserver", "Kill the API server and start it again", cobra.NoArgs, func(ctx context.Context, p layout.Paths, _ []string) error {
			return cluster.RestartAPIServer(ctx, p)
		}),
		imageCommands(),
		provisionVolumes(),
	)
	return root
}

// provisionVolumes is the unit that makes persistent volumes.
func provisionVolumes() *cobra.Command {
	var kubeconfig, folder string
	command := &cobra.Command{Use: cluster.StorageUnit, Hidden: true, Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
		if err != nil {
			return err
		}
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			return err
		}
		return storage.Run(context.Background(), client, folder, func(format string, args ...any) {
			fmt.Printf(format+"\n", args...)
		})
	}}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "")
	command.Flags().StringVar(&folder, "folder", "", "")
	return command
}
