package web

import (
	"context"

	"fundwatch"
	"fundwatch/dashboards"
)

// ScreenInput chooses the region a screen shows; without it the reader's own.
type ScreenInput struct {
	Region string `query:"region" pattern:"^([0-9]{6})?$"`
}

func (s *Server) overview(ctx context.Context, a fundwatch.Actor, in *ScreenInput) (*Body[dashboards.Overview], error) {
	board, err := s.features.Load().Boards.Overview(ctx, a, fundwatch.Region(in.Region))
	if err != nil {
		return nil, err
	}
	return answer(*board), nil
}
